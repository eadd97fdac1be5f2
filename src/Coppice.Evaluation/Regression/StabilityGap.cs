using Coppice.Foundation;

namespace Coppice.Evaluation;

/// <summary>A measurement during an update.</summary>
/// <param name="Tokens">Tokens that the update had seen.</param>
/// <param name="BitsPerByte">Bits per byte on a source.</param>
public sealed record LossPoint(long Tokens, double BitsPerByte);

/// <summary>
/// How far a source got worse in the middle of an update, though it may have recovered by the end. The papers' minimum of accuracies is a maximum
/// of losses here.
/// </summary>
/// <param name="Start">Bits per byte before the update.</param>
/// <param name="Final">Bits per byte at its end.</param>
/// <param name="Worst">The worst measurement; the first of several.</param>
/// <param name="Depth">Worst over start - 1.</param>
/// <param name="RecoveredAt">
/// Tokens at the first measurement from the worst one on that is within the bar, that is the worst one itself if the bar was never broken; null
/// if there is none.
/// </param>
/// <param name="Area">Σ of what is above the start, times the tokens since the measurement before: bits per byte · tokens.</param>
[Technique("stability-gap", Title = "Continual evaluation for lifelong learning: Identifying the stability gap", Paper = "arXiv:2205.13452")]
public sealed record StabilityGap(double Start, double Final, LossPoint Worst, double Depth, long? RecoveredAt, double Area)
{
    /// <summary>The gap of a source.</summary>
    /// <param name="series">Its measurements in order, from before the first step on.</param>
    /// <param name="bar">The share by which a source may be worse than at the start and count as recovered, such as 0.02.</param>
    /// <exception cref="ArgumentException">There is no measurement, they are out of order, or one is not finite or the first not above 0.</exception>
    public static StabilityGap Of(IReadOnlyList<LossPoint> series, double bar)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(bar);
        Check(series);
        var start = series[0].BitsPerByte;
        var worst = 0;
        var area = 0.0;
        for (var i = 1; i < series.Count; i++)
        {
            if (series[i].BitsPerByte > series[worst].BitsPerByte) worst = i;
            area += Math.Max(0, series[i].BitsPerByte - start) * (series[i].Tokens - series[i - 1].Tokens);
        }

        var recovered = series.Skip(worst).FirstOrDefault(point => point.BitsPerByte <= (1 + bar) * start);
        return new StabilityGap(start, series[^1].BitsPerByte, series[worst], series[worst].BitsPerByte / start - 1, recovered?.Tokens, area);
    }

    /// <summary>The mean over the old sources of their worst bits per byte (average minimum accuracy, for losses); null without old sources.</summary>
    /// <param name="old">The gaps of the sources that were learned before.</param>
    public static double? AverageWorst(IReadOnlyCollection<StabilityGap> old) => old.Count == 0 ? null : old.Average(gap => gap.Worst.BitsPerByte);

    /// <summary>The worst case of k sources: 1/k of the source being learned, as it is now, and 1 - 1/k of the old ones at their worst.</summary>
    /// <param name="learned">Bits per byte of the source being learned.</param>
    /// <param name="old">The gaps of the others.</param>
    public static double WorstCase(double learned, IReadOnlyCollection<StabilityGap> old) => (learned + old.Sum(gap => gap.Worst.BitsPerByte)) / (old.Count + 1);

    /// <summary>The largest rise within some measurements (windowed forgetting); 0 where a source only got better.</summary>
    /// <param name="series">The measurements of a source in order.</param>
    /// <param name="window">How many measurements later the rise may end, at least 1.</param>
    /// <exception cref="ArgumentException">There is no measurement, they are out of order, or one is not finite or the first not above 0.</exception>
    public static double WindowedRise(IReadOnlyList<LossPoint> series, int window)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(window, 1);
        Check(series);
        var rise = 0.0;
        for (var i = 0; i < series.Count; i++)
        {
            for (var j = i + 1; j < series.Count && j - i <= window; j++) rise = Math.Max(rise, series[j].BitsPerByte - series[i].BitsPerByte);
        }

        return rise;
    }

    private static void Check(IReadOnlyList<LossPoint> series)
    {
        if (series.Count == 0 || !(series[0].BitsPerByte > 0)) throw new ArgumentException("A series begins with the bits per byte before the update, above 0.", nameof(series));
        for (var i = 0; i < series.Count; i++)
        {
            if (!double.IsFinite(series[i].BitsPerByte)) throw new ArgumentException("A measurement is not finite.", nameof(series));
            if (i > 0 && series[i].Tokens <= series[i - 1].Tokens) throw new ArgumentException("The measurements are out of order.", nameof(series));
        }
    }
}
