namespace Coppice.Corpus.Building;

/// <summary>The documents that came out of a stage as the corpus step behind it sees them, with those of earlier corpora before them.</summary>
internal sealed class ChunkedCorpus : ISketchedCorpus
{
    private readonly IReadOnlyList<EarlierSketches> _earlier;
    private readonly IReadOnlyList<string> _chunks;

    // The index of the first document of each chunk, and of what would follow the last.
    private readonly long[] _starts;
    private readonly (ChunkFile File, DocumentBlock[] Blocks)?[] _opened;
    private readonly Lock _gate = new();
    private readonly BuildRun _run;

    /// <summary>A corpus of chunks.</summary>
    /// <param name="run">The build.</param>
    /// <param name="earlier">Earlier corpora.</param>
    /// <param name="chunks">The chunks' files.</param>
    /// <param name="workFolder">An empty folder.</param>
    /// <param name="keptFile">What the decision may leave for the next build.</param>
    public ChunkedCorpus(BuildRun run, IReadOnlyList<EarlierSketches> earlier, IReadOnlyList<string> chunks, string workFolder, string keptFile)
    {
        _run = run;
        _earlier = earlier;
        _chunks = chunks;
        WorkFolder = workFolder;
        KeptFile = keptFile;
        _opened = new (ChunkFile, DocumentBlock[])?[chunks.Count];
        _starts = new long[chunks.Count + 1];
        _starts[0] = EarlierCount = earlier.Sum(corpus => corpus.Count);
        for (var i = 0; i < chunks.Count; i++) _starts[i + 1] = _starts[i] + ChunkFile.Open(chunks[i]).DocumentsOut;
    }

    /// <summary>How many documents belong to earlier corpora.</summary>
    public long EarlierCount { get; }

    /// <summary>How many chunks there are.</summary>
    public int Chunks => _chunks.Count;

    /// <inheritdoc/>
    public long Count => _starts[^1];

    /// <inheritdoc/>
    public string WorkFolder { get; }

    /// <inheritdoc/>
    public string? KeptFile { get; }

    /// <inheritdoc/>
    public long MemoryBudget => _run.MemoryToDecide;

    /// <inheritdoc/>
    public IEnumerable<SketchedDocument> Documents
    {
        get
        {
            foreach (var document in EarlierDocuments) yield return document;
            var index = EarlierCount;
            foreach (var sketches in Ahead.Select(_chunks, _run.Threads, chunk => ChunkFile.Open(chunk).Read(ChunkSection.Sketches)))
            {
                _run.Resident.Keep();
                foreach (var record in SketchRecords.Read(sketches, index, isEarlier: false))
                {
                    yield return record.Document;
                    index++;
                }
            }
        }
    }

    /// <inheritdoc/>
    public void LookAtAll(Func<Action<SketchedDocument>> begin)
    {
        var lookAtEarlier = begin();
        foreach (var document in EarlierDocuments) lookAtEarlier(document);
        ForEachChunk(() =>
        {
            var (look, buffer) = (begin(), Array.Empty<byte>());
            return chunk =>
            {
                foreach (var document in Read(chunk, ref buffer)) look(document);
            };
        });
    }

    /// <summary>Goes through the chunks on all threads, in no order.</summary>
    /// <param name="begin">Begins on a thread: the function that it returns is given the chunks that fall to this thread.</param>
    public void ForEachChunk(Func<Action<int>> begin)
    {
        var next = -1;
        _run.InParallel(Enumerable.Repeat<Action<CancellationToken>>(
            stop =>
            {
                var work = begin();
                while (Interlocked.Increment(ref next) is var chunk && chunk < _chunks.Count)
                {
                    stop.ThrowIfCancellationRequested();
                    _run.Resident.Keep();
                    work(chunk);
                }
            },
            _run.Threads));
    }

    /// <summary>The documents of a chunk.</summary>
    /// <param name="chunk">The chunk.</param>
    /// <param name="buffer">Takes them, and is replaced where it is too small.</param>
    public IEnumerable<SketchedDocument> Read(int chunk, ref byte[] buffer) =>
        SketchRecords.Read(Open(chunk).Read(ChunkSection.Sketches, ref buffer), _starts[chunk], isEarlier: false).Select(record => record.Document);

    /// <summary>Opens a chunk.</summary>
    /// <param name="chunk">The chunk.</param>
    public ChunkFile Open(int chunk) => ChunkFile.Open(_chunks[chunk]);

    /// <summary>The documents themselves, without earlier ones.</summary>
    public IEnumerable<Document> Texts => _chunks.SelectMany(chunk => ChunkFile.Open(chunk).Documents());

    /// <inheritdoc/>
    public Document? Load(long index)
    {
        ArgumentOutOfRangeException.ThrowIfGreaterThanOrEqual((ulong)index, (ulong)Count, nameof(index));
        if (index < EarlierCount) return null;
        var (chunk, place) = Find(index);
        var (file, blocks) = OpenBlocks(chunk);
        return file.ReadDocument(blocks, place);
    }

    /// <summary>The index of the first document of a chunk.</summary>
    /// <param name="chunk">The chunk.</param>
    public long StartOf(int chunk) => _starts[chunk];

    /// <summary>The index behind the last document of a chunk.</summary>
    /// <param name="chunk">The chunk.</param>
    public long EndOf(int chunk) => _starts[chunk + 1];

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

    /// <summary>What reports call some of the documents: their ids, and of earlier ones also their corpus.</summary>
    /// <typeparam name="T">What is to have a name.</typeparam>
    /// <param name="items">What is to have a name, in the order of the documents.</param>
    /// <param name="indexOf">The document that an item is named after.</param>
    public IEnumerable<(T Item, string Name)> Names<T>(IEnumerable<T> items, Func<T, long> indexOf)
    {
        using var earlier = _earlier.SelectMany(corpus => corpus.Names()).GetEnumerator();
        var next = 0L;
        var (open, ids) = (-1, Array.Empty<string>());
        foreach (var item in items)
        {
            var index = indexOf(item);
            if (index < EarlierCount)
            {
                for (; next <= index; next++) earlier.MoveNext();
                yield return (item, earlier.Current);
                continue;
            }

            var (chunk, place) = Find(index);
            if (chunk != open) (open, ids) = (chunk, Open(chunk).ReadIds());
            yield return (item, ids[place]);
        }
    }

    private IEnumerable<SketchedDocument> EarlierDocuments
    {
        get
        {
            var index = 0L;
            foreach (var corpus in _earlier)
            {
                foreach (var document in corpus.Read(index)) yield return document;
                index += corpus.Count;
            }
        }
    }

    private (ChunkFile File, DocumentBlock[] Blocks) OpenBlocks(int chunk)
    {
        lock (_gate)
        {
            if (_opened[chunk] is { } known) return known;
            var file = Open(chunk);
            _opened[chunk] = (file, file.ReadBlocks());
            return _opened[chunk]!.Value;
        }
    }
}
