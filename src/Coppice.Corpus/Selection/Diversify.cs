using System.Buffers;
using Coppice.Foundation;

namespace Coppice.Corpus.Selection;

/// <summary>How <see cref="Diversify"/> works.</summary>
public sealed record DiversifyOptions
{
    /// <summary>The share of the documents that is left after near-duplicates by meaning are dropped.</summary>
    public double DedupShare { get; init; } = 0.75;

    /// <summary>Where set, documents are near-duplicates above this cosine, however many there are, and <see cref="DedupShare"/> has no say. SemDeDup's 1 − ε.</summary>
    public double? Similarity { get; init; }

    /// <summary>The share of what is left then that is kept after the documents nearest to their cluster's centre are dropped; 1 drops none.</summary>
    public double PrototypeShare { get; init; } = 0.8;

    /// <summary>Clusters; 0 for the root of the number of documents.</summary>
    public int Clusters { get; init; }

    /// <summary>How often k-means moves its centroids at most.</summary>
    public int Iterations { get; init; } = 20;

    /// <summary>The seed of k-means.</summary>
    public ulong Seed { get; init; }
}

/// <summary>
/// D4: inside clusters, documents whose vector is nearly that of another are dropped (SemDeDup), then what is left is clustered again and the most typical of each cluster are dropped, for a model
/// learns templates from a few of them (SSL prototypes). On n-gram vectors here, which see shared wording and topic; the papers take a language model's.
/// </summary>
/// <remarks>
/// SemDeDup as published: in a cluster, sorted by distance from the centre with the farthest first, a document falls by its highest cosine with any before it, fallen ones included. In a
/// cluster of more than 4,096 documents it is compared with the 4,096 before it. The first of a cluster stays. Earlier documents take no part.
/// </remarks>
/// <param name="options">How it works.</param>
/// <param name="embedder">Makes the vectors; null for hashed n-grams.</param>
[Technique("semdedup", Title = "SemDeDup: Data-efficient learning at web-scale through semantic deduplication", Paper = "arXiv:2303.09540")]
[Technique("d4", Title = "D4: Improving LLM Pretraining via Document De-Duplication and Diversification", Paper = "arXiv:2308.12284")]
public sealed class Diversify(DiversifyOptions options, IDocumentEmbedder? embedder = null) : ICorpusStep
{
    private const int MostCompared = 4096;
    private readonly IDocumentEmbedder _embedder = embedder ?? new HashedNgramEmbedder();

    /// <inheritdoc/>
    public string Name => "diversify";

    /// <inheritdoc/>
    public string SketchVersion => _embedder.Version;

    /// <inheritdoc/>
    public Action<Document, IBufferWriter<byte>> BeginSketching() => RepresentativeSubset.Embedded(_embedder);

    /// <inheritdoc/>
    public void Decide(ISketchedCorpus corpus, IDecisions decisions, CancellationToken cancellation)
    {
        using var table = EmbeddingTable.Build(corpus, _embedder, cancellation);
        if (table.Count == 0) return;
        int[] left = [.. Enumerable.Range(0, table.Count)];
        var nearest = NearestBefore(table, left, cancellation);
        var limit = options.Similarity is { } similarity ? (float)similarity : Quantile([.. nearest.Select(near => near.Cosine)], options.DedupShare);
        foreach (var row in left.Where(row => nearest[row].Cosine > limit))
            decisions.Drop(table.Indices[row], "nearly the same as another document", new Measurement("cosine with another document", nearest[row].Cosine, limit), table.Indices[nearest[row].Row]);

        left = [.. left.Where(row => nearest[row].Cosine <= limit)];
        if (options.PrototypeShare >= 1) return;
        var members = SphericalKMeans.Cluster(table, left, ClustersOf(left.Length), options.Iterations, options.Seed + 1, cancellation);
        var typical = Quantile([.. members.Select(member => member.Cosine)], options.PrototypeShare);
        for (var i = 0; i < left.Length; i++)
        {
            if (members[i].Cosine > typical) decisions.Drop(table.Indices[left[i]], "typical of its cluster", new Measurement("cosine with the cluster's centre", members[i].Cosine, typical));
        }
    }

    /// <inheritdoc/>
    public StepResult Apply(Document document, ReadOnlySpan<byte> edit) => StepResult.Keep(document);

    // [rows]: the highest cosine with a document that comes before in the cluster, and which that is.
    private (float Cosine, int Row)[] NearestBefore(EmbeddingTable table, int[] rows, CancellationToken cancellation)
    {
        var members = SphericalKMeans.Cluster(table, rows, ClustersOf(rows.Length), options.Iterations, options.Seed, cancellation);
        var clusters = rows.GroupBy(row => members[row].Cluster).Select(cluster => cluster.OrderBy(row => members[row].Cosine).ThenBy(row => row).ToArray()).ToList();
        var nearest = new (float Cosine, int Row)[rows.Length];
        Parallel.ForEach(clusters, new ParallelOptions { CancellationToken = cancellation, MaxDegreeOfParallelism = Environment.ProcessorCount }, cluster =>
        {
            var (dimensions, window) = (table.Dimensions, Math.Min(cluster.Length, MostCompared + 1));
            // A ring of the rows that are still compared with.
            var ring = new float[window * dimensions];
            for (var i = 0; i < cluster.Length; i++)
            {
                if (i % 256 == 0) cancellation.ThrowIfCancellationRequested();
                var own = ring.AsSpan(i % window * dimensions, dimensions);
                table.Read(cluster[i], own);
                var best = (Cosine: float.NegativeInfinity, Row: -1);
                for (var j = Math.Max(0, i - MostCompared); j < i; j++)
                {
                    var cosine = Vectors.Dot(own, ring.AsSpan(j % window * dimensions, dimensions));
                    if (cosine > best.Cosine) best = (cosine, cluster[j]);
                }

                nearest[cluster[i]] = best;
            }
        });
        return nearest;
    }

    private int ClustersOf(int documents) => Math.Clamp(options.Clusters > 0 ? options.Clusters : (int)Math.Sqrt(documents), 1, documents);

    // The value that a share of the values does not pass.
    private static float Quantile(float[] values, double share)
    {
        Array.Sort(values);
        return values.Length == 0 ? float.PositiveInfinity : values[Math.Clamp((int)Math.Ceiling(share * values.Length) - 1, 0, values.Length - 1)];
    }
}
