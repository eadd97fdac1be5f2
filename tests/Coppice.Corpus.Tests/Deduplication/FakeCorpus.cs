using System.Buffers;
using Coppice.Testing;

namespace Coppice.Corpus.Tests.Deduplication;

/// <summary>Runs a corpus step over documents in memory, as a pipeline would.</summary>
internal sealed class FakeCorpus : ISketchedCorpus, IDecisions, IDisposable
{
    private readonly ICorpusStep _step;
    private readonly TemporaryFolder _folder = new();
    private readonly byte[][] _sketches;
    private readonly int _earlier;

    public FakeCorpus(ICorpusStep step, IReadOnlyList<Document> documents, int earlier = 0, int threads = 1, long memory = 1 << 26, string? keptFile = null)
    {
        KeptFile = keptFile;
        _step = step;
        _earlier = earlier;
        All = documents;
        MemoryBudget = memory;
        _sketches = new byte[documents.Count][];
        var workers = Enumerable.Range(0, threads).Select(worker => new Thread(() =>
        {
            var sketch = step.BeginSketching();
            for (var i = worker; i < documents.Count; i += threads)
            {
                var writer = new ArrayBufferWriter<byte>();
                sketch(documents[i], writer);
                _sketches[i] = writer.WrittenSpan.ToArray();
            }
        })).ToList();
        workers.ForEach(worker => worker.Start());
        workers.ForEach(worker => worker.Join());
        step.Decide(this, this, CancellationToken.None);
    }

    public IReadOnlyList<Document> All { get; }

    public Dictionary<long, (string Reason, long? Because)> Dropped { get; } = [];

    public Dictionary<long, long> Copies { get; } = [];

    public Dictionary<long, byte[]> Edits { get; } = [];

    public List<(int First, int Second)> Links { get; } = [];

    public int Loaded { get; private set; }

    public long Count => All.Count;

    public string WorkFolder => _folder.Root;

    public string? KeptFile { get; }

    public long MemoryBudget { get; }

    /// <summary>What is left, edits applied, without the earlier documents.</summary>
    public List<Document> Rest
    {
        get
        {
            var rest = new List<Document>();
            for (var i = _earlier; i < All.Count; i++)
            {
                if (Dropped.ContainsKey(i)) continue;
                var document = Edits.TryGetValue(i, out var edit) ? _step.Apply(All[i], edit).Document : All[i];
                if (document is not null) rest.Add(document with { Copies = Copies.GetValueOrDefault(i, document.Copies) });
            }

            return rest;
        }
    }

    IEnumerable<SketchedDocument> ISketchedCorpus.Documents
    {
        get
        {
            // One buffer for all: a sketch is only valid until the next one.
            var buffer = new byte[_sketches.Max(sketch => sketch.Length)];
            for (var i = 0; i < All.Count; i++)
            {
                _sketches[i].CopyTo(buffer, 0);
                yield return new SketchedDocument(i, i < _earlier, All[i].Text.Length, All[i].Date, All[i].Score, buffer.AsMemory(0, _sketches[i].Length));
            }
        }
    }

    public static List<Document> Documents(params IEnumerable<string> texts) => [.. texts.Select((text, i) => new Document($"{i}", text, "test"))];

    public Document? Load(long index)
    {
        Loaded++;
        return index < _earlier ? null : All[(int)index];
    }

    public void Drop(long index, string reason, Measurement? measured = null, long? because = null)
    {
        Decidable(index);
        Dropped.Add(index, (reason, because));
    }

    public void StandsFor(long index, long copies)
    {
        Decidable(index);
        Copies.Add(index, copies);
    }

    public void Weigh(long index, double weight) => Decidable(index);

    public void Edit(long index, ReadOnlySpan<byte> edit)
    {
        Decidable(index);
        Edits.Add(index, edit.ToArray());
    }

    public void Link(long first, long second) => Links.Add(((int)first, (int)second));

    public void Dispose() => _folder.Dispose();

    private void Decidable(long index) => Assert.InRange(index, _earlier, All.Count - 1);
}
