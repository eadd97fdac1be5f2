using Coppice.Foundation;
using Coppice.Tensors;

namespace Coppice.Evaluation;

/// <summary>
/// Two models on the same documents. Documents differ more from each other than models do, so the noise of the difference is that of the
/// differences document by document. Bits per byte need no common tokenizer.
/// </summary>
/// <param name="Documents">Number of documents.</param>
/// <param name="Bytes">UTF-8 bytes of their text.</param>
/// <param name="ParentBitsPerByte">Bits per byte of the parent, over all documents together.</param>
/// <param name="ChildBitsPerByte">Bits per byte of the child.</param>
/// <param name="ChangePercent">100 · (child / parent - 1): positive is worse.</param>
/// <param name="Low">The lower end of the 95 % interval of the change, from documents drawn anew with replacement; null for a single document.</param>
/// <param name="High">The upper end.</param>
/// <param name="MeanDifference">The mean over documents of the difference in bits per byte, each document counted alike.</param>
/// <param name="StandardError">The standard error of that mean; null for a single document.</param>
[Technique("bootstrap", Title = "Bootstrap Methods: Another Look at the Jackknife", Paper = "doi:10.1214/aos/1176344552")]
public sealed record PairedComparison(
    int Documents, long Bytes, double ParentBitsPerByte, double ChildBitsPerByte, double ChangePercent, double? Low, double? High, double MeanDifference, double? StandardError)
{
    private const int Resamples = 1000;
    private const double Tail = 0.025;

    /// <summary>
    /// Whether a bar is broken: only the estimate decides. The interval is for the reader, for a bar that only a certain loss breaks would let
    /// through the more, the less was measured.
    /// </summary>
    /// <param name="barPercent">By how many percent the child may be worse.</param>
    public bool Breaks(double barPercent) => ChangePercent > barPercent;

    /// <summary>Compares.</summary>
    /// <param name="parent">The parent's scores.</param>
    /// <param name="child">The child's scores of the same documents in the same order.</param>
    /// <param name="seed">Decides which documents are drawn.</param>
    /// <param name="cancellationToken">Ends it between two draws.</param>
    /// <exception cref="CoppiceException">The documents are not the same, or the parent predicted nothing of them.</exception>
    public static PairedComparison Of(IReadOnlyList<DocumentScore> parent, IReadOnlyList<DocumentScore> child, ulong seed = 0, CancellationToken cancellationToken = default)
    {
        CheckPairs(parent, child);
        var bytes = parent.Sum(document => document.Bytes);
        var (before, after) = (parent.Sum(document => document.Nats), child.Sum(document => document.Nats));
        if (!(before > 0) || bytes == 0) throw new CoppiceException("There is nothing to compare: the documents hold no text that the first model predicts.");

        var differences = new List<double>(parent.Count);
        for (var i = 0; i < parent.Count; i++)
        {
            if (parent[i].Bytes > 0) differences.Add((child[i].Nats - parent[i].Nats) / (parent[i].Bytes * Math.Log(2)));
        }

        var mean = differences.Average();
        double? error = differences.Count > 1 ? Math.Sqrt(differences.Sum(d => (d - mean) * (d - mean)) / (differences.Count - 1) / differences.Count) : null;
        var interval = parent.Count > 1 ? Interval(parent, child, seed, cancellationToken) : null;
        var bits = bytes * Math.Log(2);
        return new PairedComparison(parent.Count, bytes, before / bits, after / bits, Percent(before, after), interval?.Low, interval?.High, mean, error);
    }

    private static double Percent(double before, double after) => 100 * (after / before - 1);

    private static (double Low, double High)? Interval(IReadOnlyList<DocumentScore> parent, IReadOnlyList<DocumentScore> child, ulong seed, CancellationToken cancellationToken)
    {
        var changes = new List<double>(Resamples);
        for (var resample = 0; resample < Resamples; resample++)
        {
            cancellationToken.ThrowIfCancellationRequested();
            var random = new Philox(seed, (ulong)resample);
            var (before, after) = (0.0, 0.0);
            for (var i = 0; i < parent.Count; i++)
            {
                var drawn = random.Integer((ulong)i, parent.Count);
                before += parent[drawn].Nats;
                after += child[drawn].Nats;
            }

            // Where only documents without tokens were drawn, there is no change to speak of.
            if (before > 0) changes.Add(Percent(before, after));
        }

        if (changes.Count == 0) return null;
        changes.Sort();
        var cut = (int)(Tail * changes.Count);
        return (changes[cut], changes[^(cut + 1)]);
    }

    private static void CheckPairs(IReadOnlyList<DocumentScore> parent, IReadOnlyList<DocumentScore> child)
    {
        if (parent.Count != child.Count) throw new CoppiceException(FormattableString.Invariant($"Two models are compared on the same documents, and these are {parent.Count} and {child.Count}."));
        for (var i = 0; i < parent.Count; i++)
        {
            if (parent[i].Source != child[i].Source || parent[i].Bytes != child[i].Bytes)
                throw new CoppiceException(FormattableString.Invariant($"Two models are compared on the same documents, and number {i + 1} is not the same (of '{parent[i].Source}' and '{child[i].Source}', {parent[i].Bytes} and {child[i].Bytes} bytes)."));
        }
    }
}

/// <summary>Two models on the same documents, by source.</summary>
/// <param name="Total">Over all documents.</param>
/// <param name="Sources">By the documents' source, in the order of the names; a source without text that the parent predicts is left out.</param>
public sealed record ModelComparison(PairedComparison Total, IReadOnlyDictionary<string, PairedComparison> Sources)
{
    /// <summary>Compares.</summary>
    /// <param name="parent">The parent's scores.</param>
    /// <param name="child">The child's scores of the same documents in the same order.</param>
    /// <param name="seed">Decides which documents are drawn for the intervals.</param>
    /// <param name="cancellationToken">Ends it between two draws.</param>
    /// <exception cref="CoppiceException">The documents are not the same, or the parent predicted nothing of them.</exception>
    public static ModelComparison Of(IReadOnlyList<DocumentScore> parent, IReadOnlyList<DocumentScore> child, ulong seed = 0, CancellationToken cancellationToken = default)
    {
        var total = PairedComparison.Of(parent, child, seed, cancellationToken);
        var sources = new SortedDictionary<string, PairedComparison>(StringComparer.Ordinal);
        foreach (var source in parent.Zip(child).GroupBy(pair => pair.First.Source, StringComparer.Ordinal))
        {
            if (source.Any(pair => pair.First.Nats > 0)) sources[source.Key] = PairedComparison.Of([.. source.Select(pair => pair.First)], [.. source.Select(pair => pair.Second)], seed, cancellationToken);
        }

        return new ModelComparison(total, sources);
    }
}
