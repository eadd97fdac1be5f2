using System.Buffers;
using Coppice.Foundation;

namespace Coppice.Corpus.Selection;

/// <summary>How <see cref="RepresentativeSubset"/> works.</summary>
public sealed record RepresentativeSubsetOptions
{
    /// <summary>The share of the documents that is kept.</summary>
    public double Share { get; init; } = 0.25;

    /// <summary>Documents of a partition: time and memory grow with its square.</summary>
    public int Partition { get; init; } = 1000;

    /// <summary>Whether documents are drawn by what they add, as in the paper, rather than those that add most taken.</summary>
    public bool Sample { get; init; }

    /// <summary>What the random sampling of candidates may lose of the objective; 0 measures all candidates.</summary>
    public double Error { get; init; }

    /// <summary>The seed of partitions and drawing.</summary>
    public ulong Seed { get; init; }
}

/// <summary>
/// A subset that represents the whole: in each of many random partitions, documents are picked that are like as many others as possible (facility location on cosines), so near-duplicates and crowds
/// shrink and the rest stays. INGENIOUS's method on n-gram embeddings; the paper uses a model's own hidden states and draws anew during training.
/// </summary>
/// <remarks>Earlier documents take no part. Sampling: probability of a pick by the second-order Taylor softmax 1 + g + g²/2 of its gain g, without replacement.</remarks>
/// <param name="options">How it works.</param>
/// <param name="embedder">Makes the vectors; null for hashed n-grams.</param>
[Technique("ingenious", Title = "INGENIOUS: Using Informative Data Subsets for Efficient Pre-Training of Language Models", Paper = "arXiv:2305.06677")]
public sealed class RepresentativeSubset(RepresentativeSubsetOptions options, IDocumentEmbedder? embedder = null) : ICorpusStep
{
    private const ulong PartitionStream = 0x504152;
    private readonly IDocumentEmbedder _embedder = embedder ?? new HashedNgramEmbedder();

    /// <inheritdoc/>
    public string Name => "representative-subset";

    /// <inheritdoc/>
    public string SketchVersion => _embedder.Version;

    /// <inheritdoc/>
    public Action<Document, IBufferWriter<byte>> BeginSketching() => Embedded(_embedder);

    /// <inheritdoc/>
    public void Decide(ISketchedCorpus corpus, IDecisions decisions, CancellationToken cancellation)
    {
        using var table = EmbeddingTable.Build(corpus, _embedder, cancellation);
        if (table.Count == 0) return;
        var partitions = (table.Count + options.Partition - 1) / options.Partition;
        var order = new KeyedPermutation(table.Count, CounterRandom.Bits(options.Seed, PartitionStream, 0));
        var kept = new bool[table.Count];
        // Partitions share nothing: the result is the same on any number of threads.
        Parallel.For(0, partitions, new ParallelOptions { CancellationToken = cancellation, MaxDegreeOfParallelism = Environment.ProcessorCount }, partition =>
        {
            var (from, to) = ((long)table.Count * partition / partitions, (long)table.Count * (partition + 1) / partitions);
            int[] rows = [.. Enumerable.Range(0, (int)(to - from)).Select(i => (int)order[from + i]).Order()];
            var wanted = (int)Math.Max(1, Math.Round(options.Share * to) - Math.Round(options.Share * from));
            foreach (var item in Choose(Similarities(table.Read(rows), rows.Length, table.Dimensions), rows.Length, wanted, (ulong)partition)) kept[rows[item]] = true;
        });
        for (var row = 0; row < kept.Length; row++)
        {
            if (!kept[row]) decisions.Drop(table.Indices[row], "represented by other documents");
        }
    }

    /// <inheritdoc/>
    public StepResult Apply(Document document, ReadOnlySpan<byte> edit) => StepResult.Keep(document);

    /// <summary>Sketches that are embeddings.</summary>
    internal static Action<Document, IBufferWriter<byte>> Embedded(IDocumentEmbedder embedder)
    {
        var (embed, vector) = (embedder.Begin(), new float[embedder.Dimensions]);
        return (document, sketch) =>
        {
            embed(document, vector);
            EmbeddingTable.WriteSketch(vector, sketch);
        };
    }

    /// <summary>Order 2 of the exponential's series: what INGENIOUS draws by.</summary>
    internal static double TaylorWeight(double gain) => 1 + gain + gain * gain / 2;

    private IEnumerable<int> Choose(float[] similarity, int items, int wanted, ulong partition)
    {
        var seed = CounterRandom.Bits(options.Seed, PartitionStream, 1 + partition);
        // To draw by gain, every item must have one.
        var picks = options.Sample ? items : Math.Min(wanted, items);
        var chosen = options.Error > 0 ? FacilityLocation.Stochastic(similarity, items, picks, options.Error, seed) : FacilityLocation.Lazy(similarity, items, picks);
        return options.Sample
            ? chosen.OrderByDescending(pick => Math.Log(TaylorWeight(pick.Gain)) + Chosen.Gumbel(seed, (ulong)pick.Item)).ThenBy(pick => pick.Item).Take(wanted).Select(pick => pick.Item)
            : chosen.Select(pick => pick.Item);
    }

    private static float[] Similarities(float[] vectors, int items, int dimensions)
    {
        var similarity = new float[items * items];
        for (var i = 0; i < items; i++)
        {
            for (var j = i; j < items; j++)
                similarity[i * items + j] = similarity[j * items + i] = MathF.Max(0, Vectors.Dot(vectors.AsSpan(i * dimensions, dimensions), vectors.AsSpan(j * dimensions, dimensions)));
        }

        return similarity;
    }
}
