using System.Buffers;
using Coppice.Corpus;
using Coppice.Corpus.Deduplication;

namespace Coppice.Benchmarks;

/// <summary>What is measured of deduplication: sketches, which are made of every document and by many threads, and decisions, which are taken once.</summary>
internal static class DeduplicationBenchmark
{
    private static readonly (string Name, Func<ICorpusStep> Step)[] Steps =
    [
        ("minhash", () => new MinHashDuplicates()),
        ("minhash-fineweb", () => new MinHashDuplicates(MinHashOptions.FineWeb)),
        ("exact-paragraphs", () => new ExactPieces(new TextPieces(TextUnit.Paragraph, 50, Normalized: false))),
        ("exact-substring", () => new SubstringDuplicates()),
    ];

    /// <summary>What to measure, by name; each is a pass over the documents.</summary>
    /// <param name="documents">The documents.</param>
    public static IEnumerable<(string Name, Action Pass)> Passes(List<Document> documents)
    {
        foreach (var (name, make) in Steps)
        {
            var step = make();
            yield return ($"{name}: sketches", () => MemoryCorpus.Sketch(step, documents, keep: false));
            var sketches = MemoryCorpus.Sketch(step, documents, keep: true);
            yield return ($"{name}: decisions", () => new MemoryCorpus(documents, sketches).Decide(step));
        }
    }

    /// <summary>Documents and their sketches in memory, whose decisions go nowhere.</summary>
    private sealed class MemoryCorpus(List<Document> documents, List<byte[]> sketches) : ISketchedCorpus, IDecisions
    {
        public long Count => documents.Count;

        public IEnumerable<SketchedDocument> Documents =>
            documents.Select((document, i) => new SketchedDocument(i, IsEarlier: false, document.Text.Length, document.Date, document.Score, sketches[i]));

        public string WorkFolder { get; } = Path.GetTempPath();

        public long MemoryBudget => 2L << 30;

        public static List<byte[]> Sketch(ICorpusStep step, List<Document> documents, bool keep)
        {
            var sketches = new List<byte[]>();
            var writer = new ArrayBufferWriter<byte>();
            var sketch = step.BeginSketching();
            foreach (var document in documents)
            {
                writer.ResetWrittenCount();
                sketch(document, writer);
                if (keep) sketches.Add(writer.WrittenSpan.ToArray());
            }

            return sketches;
        }

        public void Decide(ICorpusStep step) => step.Decide(this, this, CancellationToken.None);

        public Document? Load(long index) => documents[(int)index];

        public void Drop(long index, string reason, Measurement? measured = null, long? because = null)
        {
        }

        public void StandsFor(long index, long copies)
        {
        }

        public void Weigh(long index, double weight)
        {
        }

        public void Edit(long index, ReadOnlySpan<byte> edit)
        {
        }
    }
}
