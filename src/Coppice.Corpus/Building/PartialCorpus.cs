namespace Coppice.Corpus.Building;

/// <summary>Some documents of a corpus as a step sees them that decides on no others, and its decisions on them.</summary>
/// <param name="corpus">The corpus, without earlier ones.</param>
/// <param name="indices">The documents, in order.</param>
/// <param name="decisions">Takes decisions on the corpus.</param>
internal sealed class PartialCorpus(ChunkedCorpus corpus, int[] indices, IDecisions decisions) : ISketchedCorpus, IDecisions
{
    /// <inheritdoc/>
    public long Count => indices.Length;

    /// <inheritdoc/>
    public IEnumerable<SketchedDocument> Documents
    {
        get
        {
            byte[] buffer = [];
            for (var chunk = 0; chunk < corpus.Chunks; chunk++)
            {
                foreach (var document in Read(chunk, ref buffer)) yield return document;
            }
        }
    }

    /// <inheritdoc/>
    public string WorkFolder => corpus.WorkFolder;

    /// <inheritdoc/>
    public string? KeptFile => corpus.KeptFile;

    /// <inheritdoc/>
    public long MemoryBudget => corpus.MemoryBudget;

    /// <inheritdoc/>
    public void LookAtAll(Func<Action<SketchedDocument>> begin) => corpus.ForEachChunk(() =>
    {
        var (look, buffer) = (begin(), Array.Empty<byte>());
        return chunk =>
        {
            foreach (var document in Read(chunk, ref buffer)) look(document);
        };
    });

    /// <inheritdoc/>
    public Document? Load(long index) => corpus.Load(indices[index]);

    /// <inheritdoc/>
    public void Drop(long index, string reason, Measurement? measured = null, long? because = null) =>
        decisions.Drop(indices[index], reason, measured, because is { } repeated ? indices[repeated] : null);

    /// <inheritdoc/>
    public void StandsFor(long index, long copies) => decisions.StandsFor(indices[index], copies);

    /// <inheritdoc/>
    public void Weigh(long index, double weight) => decisions.Weigh(indices[index], weight);

    /// <inheritdoc/>
    public void Edit(long index, ReadOnlySpan<byte> edit) => decisions.Edit(indices[index], edit);

    /// <inheritdoc/>
    public void Link(long first, long second) => decisions.Link(indices[first], indices[second]);

    private IEnumerable<SketchedDocument> Read(int chunk, ref byte[] buffer)
    {
        var (first, end) = (FirstFrom(corpus.StartOf(chunk)), FirstFrom(corpus.EndOf(chunk)));
        return first == end ? [] : Select(corpus.Read(chunk, ref buffer), first, end);
    }

    private IEnumerable<SketchedDocument> Select(IEnumerable<SketchedDocument> documents, int next, int end)
    {
        foreach (var document in documents)
        {
            if (document.Index != indices[next]) continue;
            yield return document with { Index = next };
            if (++next == end) yield break;
        }
    }

    private int FirstFrom(long index)
    {
        var found = Array.BinarySearch(indices, (int)index);
        return found < 0 ? ~found : found;
    }
}
