namespace Coppice.Tensors;

/// <summary>The normal distribution in double precision, to about 1e-15: what .NET's own mathematics lacks.</summary>
internal static class SpecialFunctions
{
    // Below this the series converges within 60 terms, above it the continued fraction does.
    private const double SeriesLimit = 2.5;
    private const int ContinuedFractionDepth = 60;

    /// <summary>The error function.</summary>
    /// <param name="x">Any number.</param>
    public static double Erf(double x) => Math.Abs(x) < SeriesLimit ? ErfSeries(x) : Math.CopySign(1 - ErfcFraction(Math.Abs(x)), x);

    /// <summary>One minus the error function, without loss in the upper tail.</summary>
    /// <param name="x">Any number.</param>
    public static double Erfc(double x) => x < SeriesLimit ? 1 - Erf(x) : ErfcFraction(x);

    /// <summary>Φ(x): the probability that a normal number of mean 0 and variance 1 is at most x.</summary>
    /// <param name="x">Any number.</param>
    public static double NormalDistribution(double x) => 0.5 * Erfc(-x / Math.Sqrt(2));

    /// <summary>φ(x), the derivative of <see cref="NormalDistribution"/>.</summary>
    /// <param name="x">Any number.</param>
    public static double NormalDensity(double x) => Math.Exp(-0.5 * x * x) / Math.Sqrt(2 * Math.PI);

    /// <summary>erf x = 2/√π e^(-x²) Σ 2^n x^(2n+1) / (1·3·…·(2n+1)): all terms have one sign (DLMF 7.6.2).</summary>
    private static double ErfSeries(double x)
    {
        var term = x;
        double sum = 0;
        for (var n = 1; sum + term != sum; n++)
        {
            sum += term;
            term *= 2 * x * x / (2 * n + 1);
        }

        return 2 / Math.Sqrt(Math.PI) * Math.Exp(-x * x) * sum;
    }

    /// <summary>√π e^(x²) erfc x = 1/(x + (1/2)/(x + 1/(x + (3/2)/(x + …)))) for x > 0 (DLMF 7.9.1).</summary>
    private static double ErfcFraction(double x)
    {
        var fraction = x;
        for (var n = ContinuedFractionDepth; n >= 1; n--) fraction = x + n * 0.5 / fraction;
        return Math.Exp(-x * x) / (Math.Sqrt(Math.PI) * fraction);
    }
}
