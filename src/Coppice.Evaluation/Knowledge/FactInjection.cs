using Coppice.Foundation;

namespace Coppice.Evaluation;

/// <summary>How far facts were kept, on average.</summary>
/// <param name="Value">The mean retainability of the facts that were counted: 1 for all that was gained, 0 for none; NaN where none was counted.</param>
/// <param name="Counted">Facts that were counted.</param>
/// <param name="Unlearnt">Facts left out because they had gained too little to be kept or lost.</param>
/// <param name="Outliers">Facts left out because they lie far from the others.</param>
public readonly record struct Retainability(double Value, int Counted, int Unlearnt, int Outliers);

/// <summary>
/// What it does to a model to read a fact, from the log-probability ℓ of the fact's answer at each step of training: pure functions of measured
/// series, in nats.
/// </summary>
[Technique("fact-injection", Title = "How Do Large Language Models Acquire Factual Knowledge During Pretraining?", Paper = "arXiv:2406.11813")]
public static class FactInjection
{
    /// <summary>How many steps after an injection its effect is looked for.</summary>
    public const int DefaultWindow = 50;

    /// <summary>A fact that gained less than this, in nats, has nothing that could be kept.</summary>
    public const double DefaultMinimumGain = 0.1;

    /// <summary>The step with the largest ℓ in (injection, injection + window]; the first of several.</summary>
    /// <param name="logProbabilities">ℓ at each step; that of the injection is measured before the injected batch.</param>
    /// <param name="injection">The step of the injection; at least one step must follow it.</param>
    /// <param name="window">The number of steps looked at; the series' end may cut it short.</param>
    public static int LocalMaximum(ReadOnlySpan<double> logProbabilities, int injection, int window = DefaultWindow)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(injection);
        ArgumentOutOfRangeException.ThrowIfGreaterThanOrEqual(injection, logProbabilities.Length - 1);
        ArgumentOutOfRangeException.ThrowIfLessThan(window, 1);
        var best = injection + 1;
        for (var step = injection + 2; step < logProbabilities.Length && step - injection <= window; step++)
        {
            if (logProbabilities[step] > logProbabilities[best]) best = step;
        }

        return best;
    }

    /// <summary>Effectivity: how much an injection raises ℓ at its best, ℓ(local maximum) - ℓ(injection).</summary>
    /// <param name="logProbabilities">ℓ at each step; that of the injection is measured before the injected batch.</param>
    /// <param name="injection">The step of the injection; at least one step must follow it.</param>
    /// <param name="window">The number of steps looked at.</param>
    public static double Effectivity(ReadOnlySpan<double> logProbabilities, int injection, int window = DefaultWindow) =>
        logProbabilities[LocalMaximum(logProbabilities, injection, window)] - logProbabilities[injection];

    /// <summary>
    /// Retainability at a later step: the mean over facts of (ℓ now - ℓ before the first injection) / (ℓ at the peak after the last - ℓ before the
    /// first). Facts with too small a denominator are left out, and so are those beyond <paramref name="outlierFactor"/> interquartile ranges
    /// from the quartiles.
    /// </summary>
    /// <param name="before">ℓ of each fact before the first injection.</param>
    /// <param name="peak">ℓ of each at the local maximum after the last injection.</param>
    /// <param name="now">ℓ of each at the step in question.</param>
    /// <param name="minimumGain">The smallest peak - before that counts.</param>
    /// <param name="outlierFactor">How many interquartile ranges are far; infinite to leave out none.</param>
    public static Retainability Retainability(
        ReadOnlySpan<double> before, ReadOnlySpan<double> peak, ReadOnlySpan<double> now, double minimumGain = DefaultMinimumGain, double outlierFactor = 1.5)
    {
        ArgumentOutOfRangeException.ThrowIfNotEqual(peak.Length, before.Length);
        ArgumentOutOfRangeException.ThrowIfNotEqual(now.Length, before.Length);
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(minimumGain);
        var kept = new List<double>(before.Length);
        for (var i = 0; i < before.Length; i++)
        {
            if (peak[i] - before[i] >= minimumGain) kept.Add((now[i] - before[i]) / (peak[i] - before[i]));
        }

        var learnt = kept.Count;
        if (learnt == 0) return new Retainability(double.NaN, 0, before.Length, 0);
        kept.Sort();
        var (lower, upper) = (Quantile(kept, 0.25), Quantile(kept, 0.75));
        var margin = outlierFactor * (upper - lower);
        // Infinity times a range of zero is no number, and leaves out none either.
        kept.RemoveAll(value => value < lower - margin || value > upper + margin);
        return new Retainability(kept.Average(), kept.Count, before.Length - learnt, learnt - kept.Count);
    }

    /// <summary>Fits the power law of forgetting, Ret(t) = intercept - slope * ln t, by least squares.</summary>
    /// <param name="points">Steps since the peak, above 0, and the retainability there; at least two different steps.</param>
    public static RetentionFit Fit(IReadOnlyList<(double Step, double Retainability)> points)
    {
        foreach (var (step, _) in points) ArgumentOutOfRangeException.ThrowIfNegativeOrZero(step, nameof(points));
        if (points.Select(point => point.Step).Distinct().Count() < 2) throw new ArgumentException("A line needs points at two steps at least.", nameof(points));
        var (meanX, meanY) = (points.Average(point => Math.Log(point.Step)), points.Average(point => point.Retainability));
        var (xx, xy, yy) = (0.0, 0.0, 0.0);
        foreach (var (step, retainability) in points)
        {
            var (x, y) = (Math.Log(step) - meanX, retainability - meanY);
            (xx, xy, yy) = (xx + x * x, xy + x * y, yy + y * y);
        }

        var slope = -xy / xx;
        // A series that is constant but for rounding leaves nothing to explain.
        var rSquared = yy > 1e-24 * points.Count ? xy * xy / (xx * yy) : 1;
        return new RetentionFit(meanY + slope * meanX, slope, rSquared, points.Count);
    }

    private static double Quantile(List<double> sorted, double share)
    {
        var place = share * (sorted.Count - 1);
        var below = (int)place;
        return below + 1 < sorted.Count ? sorted[below] + (place - below) * (sorted[below + 1] - sorted[below]) : sorted[below];
    }
}

/// <summary>The power law of forgetting: Ret(t) = intercept - slope * ln t, t in steps since the last time the facts were read.</summary>
/// <param name="Intercept">Retainability after one step.</param>
/// <param name="Slope">How much of it goes each time t grows e-fold; 0 or less where nothing is forgotten.</param>
/// <param name="RSquared">The share of the variance that the line explains.</param>
/// <param name="Points">How many points were fitted.</param>
public sealed record RetentionFit(double Intercept, double Slope, double RSquared, int Points)
{
    /// <summary>The step at which half is left; infinite where nothing is forgotten.</summary>
    public double HalfLife => StepAt(0.5);

    /// <summary>
    /// The step at which nothing is left: a fact that is read less often than once in that many steps never accumulates. Infinite where nothing is forgotten.
    /// </summary>
    public double LearnabilityThreshold => StepAt(0);

    /// <summary>The retainability that the line says.</summary>
    /// <param name="step">Steps, above 0.</param>
    public double At(double step) => Intercept - Slope * Math.Log(step);

    private double StepAt(double retainability) => Slope > 0 ? Math.Exp((Intercept - retainability) / Slope) : double.PositiveInfinity;
}
