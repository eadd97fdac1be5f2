using Coppice.Foundation;

namespace Coppice.Continual.MixtureLaws;

/// <summary>Which way a law has to go.</summary>
public enum Trend
{
    /// <summary>Either way.</summary>
    Any,

    /// <summary>Down, or level.</summary>
    Falling,

    /// <summary>Up, or level.</summary>
    Rising,
}

/// <summary>
/// <c>y = scale·x^exponent + offset</c>: the loss on a domain by its share of the update, a critical ratio by the update's tokens. Three constants
/// to a handful of points: good between the points, a guess outside.
/// </summary>
/// <param name="Scale">Of the power; 0 for a level law.</param>
/// <param name="Exponent">The power.</param>
/// <param name="Offset">Added to the power.</param>
public sealed record PowerLaw(double Scale, double Exponent, double Offset)
{
    /// <summary>The fewest points that are fitted: one more than there are constants.</summary>
    public const int FewestPoints = 4;

    private const int ExponentsPerUnit = 1000;
    private const int LowestExponent = -3 * ExponentsPerUnit;
    private const int HighestExponent = 1 * ExponentsPerUnit;

    /// <summary>The root of the mean squared residual of the fit, in units of y; 0 for a law that wasn't fitted.</summary>
    public double RootMeanSquareError { get; init; }

    /// <summary>The law's value.</summary>
    /// <param name="x">Above 0.</param>
    public double Predict(double x) => Scale * Math.Pow(x, Exponent) + Offset;

    /// <summary>Least squares: every exponent from -3 to 1 in steps of 0.001 but 0, with the closed-form scale and offset of each.</summary>
    /// <param name="x">Above 0, in any order, with at least <see cref="FewestPoints"/> different values.</param>
    /// <param name="y">A value for each x.</param>
    /// <param name="trend">Which way the law has to go; where no exponent goes that way, the law is level.</param>
    /// <exception cref="CoppiceException">Too few points, or one that isn't a number.</exception>
    public static PowerLaw Fit(IReadOnlyList<double> x, IReadOnlyList<double> y, Trend trend = Trend.Any)
    {
        Measured.SameCount(x.Count, y.Count, "A power law");
        Measured.Positive(x, "A power law's x");
        Measured.Finite(y, "A power law's y");
        Measured.Enough(x.Distinct().Count(), FewestPoints, "different points");
        double[] values = [.. y], powers = new double[x.Count];
        var mean = LeastSquares.Mean(values);
        var best = new PowerLaw(0, 1, mean);
        var least = trend == Trend.Any ? double.PositiveInfinity : values.Sum(value => LeastSquares.Square(value - mean));
        for (var step = LowestExponent; step <= HighestExponent; step++)
        {
            if (step == 0) continue;
            var exponent = (double)step / ExponentsPerUnit;
            for (var i = 0; i < powers.Length; i++) powers[i] = Math.Pow(x[i], exponent);
            if (!LeastSquares.TryLine(powers, values, out var scale, out var offset, out var squares) || squares >= least) continue;
            if (trend == Trend.Falling && scale * exponent > 0 || trend == Trend.Rising && scale * exponent < 0) continue;
            least = squares;
            best = new PowerLaw(scale, exponent, offset);
        }

        return best with { RootMeanSquareError = Math.Sqrt(least / values.Length) };
    }
}
