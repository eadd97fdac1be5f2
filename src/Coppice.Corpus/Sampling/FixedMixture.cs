using System.Globalization;
using Coppice.Foundation;

namespace Coppice.Corpus;

/// <summary>
/// Fixed shares, kept as evenly as can be: after any number of sequences, each source's count is less than one sequence from its share.
/// So every batch is mixed, not only the run as a whole.
/// </summary>
/// <remarks>
/// Tijdeman's rule for the chairman assignment problem: among the sources that are at least 1/(2n−2) of a sequence behind,
/// take the one that would first be a whole sequence (less that amount) behind. The distance from the share is at most 1 − 1/(2n−2).
/// </remarks>
[Technique("fixed-mixture", Title = "The chairman assignment problem (R. Tijdeman, 1980)", Paper = "doi:10.1016/0012-365X(80)90269-1")]
public sealed class FixedMixture : IMixture
{
    private readonly double[] _shares;

    /// <summary>Makes a mixture.</summary>
    /// <param name="weights">A weight for each source, above 0; they need not sum to 1.</param>
    /// <exception cref="CoppiceException">There is no weight, or one is not a positive finite number.</exception>
    public FixedMixture(IReadOnlyList<double> weights)
    {
        if (weights.Count == 0) throw CoppiceException.Usage("A mixture needs at least one source.");
        var sum = 0.0;
        foreach (var weight in weights)
        {
            if (!(weight > 0 && double.IsFinite(weight)))
            {
                throw CoppiceException.Usage(FormattableString.Invariant($"The weight of a source is {weight}; it must be a number above 0."));
            }

            sum += weight;
        }

        _shares = [.. weights.Select(weight => weight / sum)];
    }

    /// <summary>The share of each source; they sum to 1.</summary>
    public IReadOnlyList<double> Shares => _shares;

    /// <inheritdoc/>
    public string Description => "fixed " + string.Join(' ', _shares.Select(share => share.ToString("R", CultureInfo.InvariantCulture)));

    /// <inheritdoc/>
    public int Next(ReadOnlySpan<long> drawn, long total)
    {
        if (_shares.Length == 1) return 0;
        var slack = 1.0 / (2 * _shares.Length - 2);
        var best = -1;
        var soonest = double.PositiveInfinity;
        var furthestBehind = 0;
        for (var i = 0; i < _shares.Length; i++)
        {
            var behind = Behind(i, drawn, total);
            if (behind > Behind(furthestBehind, drawn, total)) furthestBehind = i;
            var deadline = (1 - slack - behind) / _shares[i];
            if (behind < slack || deadline >= soonest) continue;
            soonest = deadline;
            best = i;
        }

        // Only rounding can leave no source far enough behind.
        return best >= 0 ? best : furthestBehind;
    }

    private double Behind(int source, ReadOnlySpan<long> drawn, long total) => _shares[source] * (total + 1) - drawn[source];
}
