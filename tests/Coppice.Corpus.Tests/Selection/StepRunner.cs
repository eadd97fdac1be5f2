using System.Buffers;
using Coppice.Testing;

namespace Coppice.Corpus.Tests.Selection;

/// <summary>What a corpus step decided.</summary>
internal sealed class Decisions : IDecisions
{
    public Dictionary<long, (string Reason, Measurement? Measured, long? Because)> Dropped { get; } = [];

    public Dictionary<long, double> Weights { get; } = [];

    public void Drop(long index, string reason, Measurement? measured = null, long? because = null) => Dropped.Add(index, (reason, measured, because));

    public void StandsFor(long index, long copies) => throw new NotSupportedException();

    public void Weigh(long index, double weight) => Weights.Add(index, weight);

    public void Edit(long index, ReadOnlySpan<byte> edit) => throw new NotSupportedException();
}

/// <summary>Runs a corpus step on documents in memory.</summary>
internal static class StepRunner
{
    public static Decisions Run(ICorpusStep step, IReadOnlyList<Document> documents, int earlier = 0)
    {
        using var folder = new TemporaryFolder();
        var sketch = step.BeginSketching();
        var sketched = documents.Select((document, i) =>
        {
            var buffer = new ArrayBufferWriter<byte>();
            sketch(document, buffer);
            return new SketchedDocument(i, i < earlier, document.Text.Length, document.Date, document.Score, buffer.WrittenMemory.ToArray());
        }).ToList();
        var decisions = new Decisions();
        step.Decide(new Corpus(sketched, folder.Root), decisions, CancellationToken.None);
        return decisions;
    }

    public static List<Document> Kept(ICorpusStep step, IReadOnlyList<Document> documents)
    {
        var dropped = Run(step, documents).Dropped;
        return [.. documents.Where((_, i) => !dropped.ContainsKey(i))];
    }

    private sealed record Corpus(IReadOnlyList<SketchedDocument> Sketched, string WorkFolder) : ISketchedCorpus
    {
        public long Count => Sketched.Count;

        public IEnumerable<SketchedDocument> Documents => Sketched;

        public long MemoryBudget => 64 << 20;

        public Document? Load(long index) => null;
    }
}
