using Coppice.Foundation;

namespace Coppice.Continual.MixtureLaws;

/// <summary>How a loss moved away from its reference during an update with one mixture.</summary>
/// <param name="Tokens">Tokens of the update so far, rising.</param>
/// <param name="Changes">Loss minus the reference after as many tokens.</param>
/// <param name="Reference">The loss from which changes count, above 0, in the same unit.</param>
public sealed record ChangeSeries(IReadOnlyList<double> Tokens, IReadOnlyList<double> Changes, double Reference);

/// <summary>A term <c>scale·tokens^exponent</c>.</summary>
/// <param name="Scale">Its factor.</param>
/// <param name="Exponent">Its power.</param>
public readonly record struct PowerTerm(double Scale, double Exponent);

/// <summary>
/// <c>Δ(T) = α₂·T^s₂ + α₃·T^s₃ + β</c>: with replay, a loss on old text first rises and then falls back. Short series fit many such shapes that
/// disagree wildly later; so shapes that predict nonsense are discarded, and a shape with fewer powers is taken unless the data speak clearly for
/// more (Akaike's criterion for small samples).
/// </summary>
public sealed record ChangeLaw
{
    /// <summary>The fewest points that are fitted.</summary>
    public const int FewestPoints = 5;

    // Up to this many times the last measured tokens, a law may not move further than the loss did until then.
    private const double NearRange = 1.5;
    private const double FineStep = 0.01;
    private const double CoarseStep = 0.1;

    // Residuals below this part of the reference are rounding: no reason for another power.
    private const double Exact = 1e-9;

    /// <summary>The powers: none for a level law, one or two.</summary>
    public required IReadOnlyList<PowerTerm> Terms { get; init; }

    /// <summary>The level to which negative powers lead.</summary>
    public required double Offset { get; init; }

    /// <summary>The root of the mean squared residual of the fit, in units of the loss.</summary>
    public double RootMeanSquareError { get; init; }

    /// <summary>The change after some tokens.</summary>
    /// <param name="tokens">Above 0.</param>
    public double Predict(double tokens) => Offset + Terms.Sum(term => term.Scale * Math.Pow(tokens, term.Exponent));

    /// <summary>Fits a law to one series.</summary>
    /// <param name="series">What was measured.</param>
    /// <param name="horizon">Tokens up to which the law will be asked, and has to make sense.</param>
    /// <exception cref="CoppiceException">Too few points, or one that isn't a number.</exception>
    public static ChangeLaw Fit(ChangeSeries series, double horizon) => FitTogether([series], horizon)[0];

    /// <summary>
    /// Fits laws with the same exponents to several series, each with its own factors: how fast a model forgets and recovers is told far better by all
    /// trials together than by any of them.
    /// </summary>
    /// <param name="series">What was measured, at least one.</param>
    /// <param name="horizon">Tokens up to which the laws will be asked, and have to make sense.</param>
    /// <param name="mostPowers">1 for a loss that only goes one way, 2 for one that may turn.</param>
    /// <returns>A law for each series.</returns>
    /// <exception cref="CoppiceException">Too few points, or one that isn't a number.</exception>
    public static IReadOnlyList<ChangeLaw> FitTogether(IReadOnlyList<ChangeSeries> series, double horizon, int mostPowers = 2)
    {
        Measured.Enough(series.Count, 1, "series");
        Measured.Positive([horizon], "The tokens to predict");
        foreach (var one in series)
        {
            Measured.SameCount(one.Tokens.Count, one.Changes.Count, "A series of losses");
            Measured.Enough(one.Tokens.Count, FewestPoints, "measurements of a run");
            Measured.Positive(one.Tokens, "Tokens of a run");
            Measured.Rising(one.Tokens, "Tokens of a run");
            Measured.Finite(one.Changes, "A change of loss");
            Measured.Positive([one.Reference], "A reference loss");
        }

        var search = new Search(series, horizon);
        var best = search.Level();
        if (mostPowers >= 1) best = Better(best, search.OnePower());
        if (mostPowers >= 2) best = Better(best, search.TwoPowers());
        return best.Laws;
    }

    private static Candidate Better(Candidate best, Candidate? other) => other is not null && other.Criterion < best.Criterion ? other : best;

    // Whether a law makes sense for a series and after it.
    private bool IsSane(ChangeSeries series, double horizon)
    {
        double first = series.Tokens[0], last = series.Tokens[^1], near = NearRange * last, far = Math.Max(horizon, near);
        if (!(series.Reference + Predict(near) > 0 && series.Reference + Predict(far) > 0)) return false;
        var moved = Math.Max(series.Changes.Max(), 0) - Math.Min(series.Changes.Min(), 0);
        if (Math.Abs(Predict(near) - Predict(last)) > moved) return false;
        double before = Slope(first), after = Slope(far);
        if (before < 0 && after > 0) return false;
        return after >= 0 || -after <= series.Tokens.Max(tokens => Math.Abs(Slope(tokens)));
    }

    // The change in a doubling of the tokens, but for a factor ln 2.
    private double Slope(double tokens) => Terms.Sum(term => term.Exponent * term.Scale * Math.Pow(tokens, term.Exponent));

    private sealed record Candidate(IReadOnlyList<ChangeLaw> Laws, double Squares, double Criterion);

    private sealed class Search(IReadOnlyList<ChangeSeries> series, double horizon)
    {
        // Powers of tokens in this unit are neither huge nor tiny.
        private readonly double _unit = series.Max(one => one.Tokens[^1]);
        private readonly int _points = series.Sum(one => one.Tokens.Count);

        public Candidate Level()
        {
            var laws = series.Select(one =>
            {
                var mean = LeastSquares.Mean([.. one.Changes]);
                var squares = one.Changes.Sum(change => LeastSquares.Square(change - mean));
                return new ChangeLaw { Terms = [], Offset = mean, RootMeanSquareError = Math.Sqrt(squares / one.Changes.Count) };
            }).ToList();
            return Judge(laws, powers: 0);
        }

        public Candidate? OnePower()
        {
            Candidate? best = null;
            foreach (var exponent in Exponents(-3, 1, FineStep / 10)) best = Try([exponent], best) ?? best;
            return best;
        }

        public Candidate? TwoPowers()
        {
            Candidate? best = null;
            double low = 0, high = 0;
            foreach (var second in Exponents(-3, 1, CoarseStep))
            {
                foreach (var third in Exponents(-3, second - CoarseStep / 2, CoarseStep))
                {
                    var found = Try([second, third], best);
                    if (found is null) continue;
                    (best, high, low) = (found, second, third);
                }
            }

            if (best is null) return null;
            foreach (var second in Exponents(high - CoarseStep, high + CoarseStep, FineStep))
                foreach (var third in Exponents(low - CoarseStep, Math.Min(low + CoarseStep, second - FineStep / 2), FineStep))
                    best = Try([second, third], best) ?? best;
            return best;
        }

        private static IEnumerable<double> Exponents(double from, double to, double step)
        {
            for (var i = (int)Math.Round(from / step); i * step <= to + step / 1000; i++)
                if (i != 0)
                    yield return i * step;
        }

        // The laws with these exponents; null where they fit no better than the best so far, or make no sense.
        private Candidate? Try(double[] exponents, Candidate? best)
        {
            var laws = new ChangeLaw[series.Count];
            var sum = 0.0;
            for (var i = 0; i < laws.Length; i++)
            {
                var law = Solve(series[i], exponents, out var squares);
                sum += squares;
                if (law is null || best is not null && sum >= best.Squares) return null;
                laws[i] = law;
            }

            for (var i = 0; i < laws.Length; i++)
                if (!laws[i].IsSane(series[i], horizon))
                    return null;
            return Judge(laws, exponents.Length);
        }

        private ChangeLaw? Solve(ChangeSeries one, double[] exponents, out double squares)
        {
            double[] changes = [.. one.Changes];
            var first = Powers(one, exponents[0]);
            double scale, second = 0, offset;
            var solved = exponents.Length == 1
                ? LeastSquares.TryLine(first, changes, out scale, out offset, out squares)
                : LeastSquares.TryPlane(first, Powers(one, exponents[1]), changes, out scale, out second, out offset, out squares);
            if (!solved) return null;
            double[] scales = [scale, second];
            var terms = exponents.Select((exponent, i) => new PowerTerm(scales[i] * Math.Pow(_unit, -exponent), exponent)).ToList();
            return new ChangeLaw { Terms = terms, Offset = offset, RootMeanSquareError = Math.Sqrt(squares / changes.Length) };
        }

        private double[] Powers(ChangeSeries one, double exponent) => [.. one.Tokens.Select(tokens => Math.Pow(tokens / _unit, exponent))];

        private Candidate Judge(IReadOnlyList<ChangeLaw> laws, int powers)
        {
            var squares = laws.Select((law, i) => LeastSquares.Square(law.RootMeanSquareError) * series[i].Tokens.Count).Sum();
            var rounding = series.Sum(one => LeastSquares.Square(Exact * one.Reference) * one.Tokens.Count);
            // The exponents, each law's factors and offset, and the noise.
            var constants = powers + laws.Count * (powers + 1) + 1;
            var spare = _points - constants - 1;
            var criterion = spare > 0
                ? _points * Math.Log((squares + rounding) / _points) + 2.0 * constants * _points / spare
                : double.PositiveInfinity;
            return new Candidate(laws, squares, criterion);
        }
    }
}
