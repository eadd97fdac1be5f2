using System.Globalization;
using Coppice.Foundation;

namespace Coppice.Continual.MixtureLaws;

/// <summary>
/// Predicts from a handful of short runs how much replay an update needs: in time, every trial's losses by <see cref="ChangeLaw"/> up to the update's tokens, lowered
/// there by what annealing brought the trial (a little less than it brings the longer update); then the losses by share with <see cref="PowerLaw"/>, old text falling with replay and new text rising. A run without replay behaves differently (nothing brings it
/// back) and is kept out of the fits of the others.
/// </summary>
public static class SharePredictor
{
    /// <summary>Tokens of an update by those of a trial, above which the prediction is called a guess.</summary>
    public const double FurthestHorizon = 10;

    // Steps of a quarter to a half: finer ones are lost in the noise of short trials.
    private static readonly double[] Grid = [0.01, 0.02, 0.03, 0.05, 0.075, 0.1, 0.15, 0.2, 0.25, 0.3, 0.4, 0.5, 0.6, 0.75, 0.9];

    /// <summary>Fits the trials and predicts the update.</summary>
    /// <param name="trials">Runs from the same parent with the same data order and rate, four or more with replay, each with at least five measurements.</param>
    /// <param name="start">The losses that the trials begin with.</param>
    /// <param name="plannedTokens">Tokens of the update.</param>
    /// <param name="released">The losses of the released parent, from which changes count; the trials with replay must be annealed. Null to count from the start, without annealing.</param>
    /// <param name="shares">The shares to look at; those outside the shares tried are left out. Null for a grid finer where shares are small.</param>
    /// <exception cref="CoppiceException">Too few trials or measurements, or one that isn't a number.</exception>
    public static SharePrediction Predict(IReadOnlyList<ShareTrial> trials, TrialReference start, long plannedTokens, TrialReference? released = null, IReadOnlyList<double>? shares = null)
    {
        Check(trials, start, plannedTokens);
        var reference = released ?? start;
        if (released is not null) Measured.SameCount(released.Old.Count, start.Old.Count, "Old sources of the parent and of the trials");
        // What is compared with a start that was not annealed must not be either.
        if (released is null) trials = [.. trials.Select(trial => trial with { Annealed = null })];
        var replayed = trials.Where(trial => trial.Share > 0).OrderBy(trial => trial.Share).ToList();
        var without = trials.Where(trial => trial.Share == 0).ToList();
        var old = start.Old.Select((level, source) => Curve.Fit(replayed, point => point.Old[source], level, plannedTokens, Trend.Falling)).ToList();
        var @new = Curve.Fit(replayed, point => point.New, start.New, plannedTokens, Trend.Rising);
        double least = replayed[0].Share, most = replayed[^1].Share;
        var looked = (shares ?? Grid).Concat(replayed.Select(trial => trial.Share)).Where(share => share >= least && share <= most).Distinct().Order();
        return new SharePrediction
        {
            Tokens = plannedTokens,
            Annealed = released is not null,
            Curve = [.. looked.Select(share => Predicted(share, [.. old.Select(curve => curve.Law.Predict(share))], @new.Law.Predict(share), reference))],
            WithoutReplay = without.Count == 0 ? null : WithoutReplay(without[0], start, reference, plannedTokens),
            OldResiduals = [.. old.Select(curve => curve.Residual)],
            NewResidual = @new.Residual,
            Warnings = Warnings(replayed, old, plannedTokens),
        };
    }

    private static PredictedShare Predicted(double share, IReadOnlyList<double> old, double @new, TrialReference reference) =>
        new(share, old, [.. old.Zip(reference.Old, (loss, level) => loss / level - 1)], @new, @new / reference.New - 1);

    private static PredictedShare WithoutReplay(ShareTrial trial, TrialReference start, TrialReference reference, long tokens)
    {
        double At(Func<TrialPoint, double> loss, double level, int powers) =>
            (level + ChangeLaw.FitTogether([Series(trial, loss, level)], tokens, powers)[0].Predict(tokens)) * Annealing(trial, loss);
        return Predicted(0, [.. start.Old.Select((level, source) => At(point => point.Old[source], level, 2))], At(point => point.New, start.New, 1), reference);
    }

    // What is left of a loss when the rate has come down.
    private static double Annealing(ShareTrial trial, Func<TrialPoint, double> loss) => trial.Annealed is { } annealed ? loss(annealed) / loss(trial.Points[^1]) : 1;

    private static ChangeSeries Series(ShareTrial trial, Func<TrialPoint, double> loss, double level) =>
        new([.. trial.Points.Select(point => (double)point.Tokens)], [.. trial.Points.Select(point => loss(point) - level)], level);

    private static List<string> Warnings(List<ShareTrial> replayed, List<Curve> old, long tokens)
    {
        var warnings = new List<string>();
        var rising = replayed.Where((trial, i) => old.Any(curve => StillRises(trial, curve.InTime[i]))).Select(trial => SharePrediction.Percent(trial.Share)).ToList();
        if (rising.Count > 0)
            warnings.Add($"Old text was still at its worst when the trial ended (replay {string.Join(", ", rising)}): the trials may be shorter than the spike at the start of an update, and then they rank shares wrongly. Run longer trials.");
        var trialTokens = replayed.Min(trial => trial.Points[^1].Tokens);
        if (tokens > FurthestHorizon * trialTokens)
            warnings.Add($"The update has more than {FurthestHorizon.ToString(CultureInfo.InvariantCulture)} times the tokens of the shortest trial: so far ahead the prediction is a guess. Run longer trials.");
        return warnings;
    }

    // By the fitted law: of a level loss, noise makes the last measurement the highest often enough.
    private static bool StillRises(ShareTrial trial, ChangeLaw law)
    {
        var changes = trial.Points.Select(point => law.Predict(point.Tokens)).ToList();
        return changes[^1] == changes.Max() && changes[^1] - changes.Min() > 2 * law.RootMeanSquareError;
    }

    private static void Check(IReadOnlyList<ShareTrial> trials, TrialReference start, long plannedTokens)
    {
        if (plannedTokens <= 0) throw new CoppiceException("The planned update has no tokens.");
        Measured.Enough(start.Old.Count, 1, "old sources");
        Measured.Positive([.. start.Old, start.New], "A beginning in bits per byte");
        var twice = trials.GroupBy(trial => trial.Share).FirstOrDefault(group => group.Count() > 1);
        if (twice is not null) throw new CoppiceException($"The share {twice.Key.ToString(CultureInfo.InvariantCulture)} was tried twice; give each share once.");
        foreach (var trial in trials)
        {
            Measured.Fraction([trial.Share], "A trial's share");
            Measured.Enough(trial.Points.Count, ChangeLaw.FewestPoints, "measurements of a trial");
            foreach (var point in trial.Annealed is { } annealed ? trial.Points.Append(annealed) : trial.Points)
            {
                Measured.SameCount(point.Old.Count, start.Old.Count, "Old sources of a trial and where it begins");
                Measured.Positive([.. point.Old, point.New], "A trial's bits per byte");
            }
        }

        Measured.Enough(trials.Count(trial => trial.Share > 0), PowerLaw.FewestPoints, "trials with replay");
    }

    // The loss of one source by share, after the planned tokens, and what it was found from.
    private sealed record Curve(PowerLaw Law, double Residual, IReadOnlyList<ChangeLaw> InTime)
    {
        public static Curve Fit(List<ShareTrial> trials, Func<TrialPoint, double> loss, double level, long tokens, Trend trend)
        {
            // New text is only learned; old text may rise and fall back.
            var laws = ChangeLaw.FitTogether([.. trials.Select(trial => Series(trial, loss, level))], tokens, mostPowers: trend == Trend.Rising ? 1 : 2);
            var ends = laws.Zip(trials, (one, trial) => (level + one.Predict(tokens)) * Annealing(trial, loss));
            var law = PowerLaw.Fit([.. trials.Select(trial => trial.Share)], [.. ends], trend);
            var inTime = Math.Sqrt(laws.Average(one => LeastSquares.Square(one.RootMeanSquareError)));
            return new Curve(law, Math.Max(inTime, law.RootMeanSquareError) / level, laws);
        }
    }
}
