using System.Globalization;
using Coppice.Foundation;

namespace Coppice.Corpus.Mixing;

/// <summary>A part of a run with constant shares.</summary>
/// <param name="From">Where it begins, in sequences; not a whole number where a source reaches its limit between two.</param>
/// <param name="Shares">The share of each source; they sum to 1.</param>
/// <param name="Taken">The expected sequences of each source before it.</param>
public sealed record MixtureSegment(double From, IReadOnlyList<double> Shares, IReadOnlyList<double> Taken);

/// <summary>
/// Shares that change along the run, kept as evenly as can be: after any number of sequences, each source's count is less than one sequence from what its shares sum to until there.
/// </summary>
/// <remarks>Tijdeman's rule, as <see cref="FixedMixture"/>; his theorem is on shares that change with every choice. The distance is at most 1 − 1/(2n−2).</remarks>
public sealed class StagedMixture : IMixture
{
    private readonly MixtureSegment[] _segments;
    private readonly double[] _limits;

    /// <summary>Makes a mixture; <see cref="MixturePlan"/> knows how.</summary>
    /// <param name="segments">The segments in order, the first from 0; the last one never ends.</param>
    /// <param name="limits">The most sequences of each source; infinite for no limit.</param>
    internal StagedMixture(IReadOnlyList<MixtureSegment> segments, IReadOnlyList<double> limits) => (_segments, _limits) = ([.. segments], [.. limits]);

    /// <summary>The segments.</summary>
    public IReadOnlyList<MixtureSegment> Segments => _segments;

    /// <inheritdoc/>
    public string Description => "staged " + string.Join("; ", _segments.Select(segment => $"{Written(segment.From)}: {string.Join(' ', segment.Shares.Select(Written))}"));

    /// <inheritdoc/>
    public int Next(ReadOnlySpan<long> drawn, long total)
    {
        var sources = _limits.Length;
        if (sources == 1) return 0;
        var slack = 1.0 / (2 * sources - 2);
        var segment = SegmentAt(total + 1);
        var (best, furthest) = (-1, 0);
        var (soonest, most) = (double.PositiveInfinity, double.NegativeInfinity);
        for (var i = 0; i < sources; i++)
        {
            if (drawn[i] >= _limits[i]) continue;
            var behind = Taken(segment, i, total + 1) - drawn[i];
            if (behind > most) (most, furthest) = (behind, i);
            if (behind < slack) continue;
            var deadline = Deadline(segment, i, drawn[i] + 1 - slack);
            // Without a later share a source that is due can wait, but not for ever: it comes after all that can't.
            if (best >= 0 && deadline >= soonest) continue;
            (soonest, best) = (deadline, i);
        }

        // Only rounding can leave no source far enough behind.
        return best >= 0 ? best : furthest;
    }

    // When the shares of a source will have summed to an amount.
    private double Deadline(int segment, int source, double amount)
    {
        for (; segment < _segments.Length; segment++)
        {
            var (from, share, taken) = (_segments[segment].From, _segments[segment].Shares[source], _segments[segment].Taken[source]);
            if (taken >= amount && share == 0) return from;
            if (share == 0) continue;
            var time = from + (amount - taken) / share;
            if (segment + 1 == _segments.Length || time <= _segments[segment + 1].From) return time;
        }

        return double.PositiveInfinity;
    }

    private double Taken(int segment, int source, double time) => _segments[segment].Taken[source] + _segments[segment].Shares[source] * (time - _segments[segment].From);

    private int SegmentAt(double time)
    {
        var segment = _segments.Length - 1;
        while (segment > 0 && _segments[segment].From > time) segment--;
        return segment;
    }

    private static string Written(double value) => value.ToString("R", CultureInfo.InvariantCulture);
}
