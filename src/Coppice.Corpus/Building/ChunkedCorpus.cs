using System.Text;

namespace Coppice.Corpus.Building;

/// <summary>The documents that came out of a stage as the corpus step behind it sees them, with those of earlier corpora before them.</summary>
internal sealed class ChunkedCorpus : ISketchedCorpus
{
    private const int ChunksRemembered = 4;

    private readonly IReadOnlyList<EarlierSketches> _earlier;
    private readonly IReadOnlyList<string> _chunks;

    // The index of the first document of each chunk, and of what would follow the last.
    private readonly long[] _starts;
    private readonly LinkedList<(int Chunk, List<Document> Documents)> _remembered = [];
    private readonly Lock _gate = new();

    /// <summary>A corpus of chunks.</summary>
    /// <param name="earlier">Earlier corpora.</param>
    /// <param name="chunks">The chunks' files.</param>
    /// <param name="workFolder">An empty folder.</param>
    /// <param name="memory">Bytes of memory to decide in.</param>
    public ChunkedCorpus(IReadOnlyList<EarlierSketches> earlier, IReadOnlyList<string> chunks, string workFolder, long memory)
    {
        _earlier = earlier;
        _chunks = chunks;
        WorkFolder = workFolder;
        MemoryBudget = memory;
        _starts = new long[chunks.Count + 1];
        _starts[0] = EarlierCount = earlier.Sum(corpus => corpus.Count);
        for (var i = 0; i < chunks.Count; i++) _starts[i + 1] = _starts[i] + ChunkFile.Open(chunks[i]).DocumentsOut;
    }

    /// <summary>How many documents belong to earlier corpora.</summary>
    public long EarlierCount { get; }

    /// <inheritdoc/>
    public long Count => _starts[^1];

    /// <inheritdoc/>
    public string WorkFolder { get; }

    /// <inheritdoc/>
    public long MemoryBudget { get; }

    /// <inheritdoc/>
    public IEnumerable<SketchedDocument> Documents
    {
        get
        {
            var index = 0L;
            foreach (var corpus in _earlier)
            {
                foreach (var document in corpus.Read(index)) yield return document;
                index += corpus.Count;
            }

            for (var i = 0; i < _chunks.Count; i++)
            {
                foreach (var record in SketchRecords.Read(ChunkFile.Open(_chunks[i]).Read(ChunkSection.Sketches), _starts[i], isEarlier: false)) yield return record.Document;
            }
        }
    }

    /// <summary>The documents themselves, without earlier ones.</summary>
    public IEnumerable<Document> Texts => _chunks.SelectMany(chunk => ChunkFile.Open(chunk).Documents());

    /// <inheritdoc/>
    public Document? Load(long index)
    {
        ArgumentOutOfRangeException.ThrowIfGreaterThanOrEqual((ulong)index, (ulong)Count, nameof(index));
        if (index < EarlierCount) return null;
        var (chunk, place) = Find(index);
        lock (_gate)
        {
            var node = _remembered.First;
            while (node is not null && node.Value.Chunk != chunk) node = node.Next;
            if (node is not null) _remembered.Remove(node);
            else node = new LinkedListNode<(int, List<Document>)>((chunk, [.. ChunkFile.Open(_chunks[chunk]).Documents()]));
            _remembered.AddFirst(node);
            if (_remembered.Count > ChunksRemembered) _remembered.RemoveLast();
            return node.Value.Documents[place];
        }
    }

    /// <summary>The chunk of a document that is not an earlier one, and its place there.</summary>
    /// <param name="index">The document.</param>
    public (int Chunk, int Place) Find(long index)
    {
        var found = Array.BinarySearch(_starts, index);
        var chunk = found >= 0 ? found : ~found - 1;

        // Chunks without documents begin where the next one does.
        while (_starts[chunk + 1] == index) chunk++;
        return (chunk, (int)(index - _starts[chunk]));
    }

    /// <summary>What reports call some of the documents: their ids.</summary>
    /// <param name="indices">Their indices.</param>
    public Dictionary<long, string> Names(HashSet<long> indices)
    {
        var names = new Dictionary<long, string>();
        if (indices.Count == 0) return names;
        var first = 0L;
        foreach (var corpus in _earlier)
        {
            foreach (var (index, name) in corpus.Names(first, indices)) names[index] = name;
            first += corpus.Count;
        }

        foreach (var chunk in indices.Where(index => index >= EarlierCount).Select(index => Find(index).Chunk).Distinct().Order())
        {
            foreach (var (document, id, _) in SketchRecords.Read(ChunkFile.Open(_chunks[chunk]).Read(ChunkSection.Sketches), _starts[chunk], isEarlier: false))
            {
                if (indices.Contains(document.Index)) names[document.Index] = Encoding.UTF8.GetString(id.Span);
            }
        }

        return names;
    }
}
