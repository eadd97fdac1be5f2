using Coppice.Foundation;

namespace Coppice.Corpus.Building;

/// <summary>What the parts of one build share: where results lie, how much may be done at once, how far it has come.</summary>
internal sealed class BuildRun(CorpusBuildOptions options, WorkFolder work, Action<BuildProgress>? show, CancellationToken cancellation)
{
    // Documents in memory cost two bytes a UTF-16 unit, and as much again while they are rewritten, written as lines and compressed.
    private const int BytesOfWorkPerByte = 3;

    // What doesn't fit is sorted on the disk, which costs little: more makes a build hardly faster.
    private const long MostMemory = 2_000_000_000;

    private readonly long _memory = MemoryOf(options);
    private readonly Lock _gate = new();
    private BuildProgress _progress;
    private long _chunksDone, _chunksReused;

    public CorpusBuildOptions Options { get; } = options;

    public WorkFolder Work { get; } = work;

    public CancellationToken Cancellation { get; } = cancellation;

    public int Threads { get; } = options.Threads > 0 ? options.Threads : Environment.ProcessorCount;

    /// <summary>What keeps the process within the build's memory.</summary>
    public ResidentMemory Resident { get; } = new(MemoryOf(options));

    /// <summary>Bytes that a corpus step may decide in.</summary>
    public long MemoryToDecide => _memory / 2;

    /// <summary>Bytes that what it decided may take until it is written.</summary>
    public long MemoryForDecisions => _memory / 8;

    /// <summary>Chunks that were put through a stage.</summary>
    public long ChunksDone => _chunksDone;

    /// <summary>Chunks whose result was there already.</summary>
    public long ChunksReused => _chunksReused;

    /// <summary>A limit for the text that is in memory at once: that of the chunks that are worked on and about as many that wait.</summary>
    public ByteBudget Budget() => new(Math.Min(_memory / 2, Cost(Options.ChunkCharacters) * ((2 * Threads) + 1)));

    /// <summary>What text of some length takes of the budget.</summary>
    public static long Cost(long characters) => characters * sizeof(char) * BytesOfWorkPerByte;

    /// <summary>Begins another part of the work.</summary>
    public void Begin(string doing, long bytes)
    {
        lock (_gate) _progress = new BuildProgress(doing, 0, bytes, 0, 0);
        show?.Invoke(_progress);
    }

    /// <summary>Says that something was done.</summary>
    public void Advance(long bytes, long documents, bool reused = false)
    {
        lock (_gate)
        {
            _progress = _progress with
            {
                BytesDone = _progress.BytesDone + bytes,
                BytesReused = _progress.BytesReused + (reused ? bytes : 0),
                Documents = _progress.Documents + documents,
            };
            show?.Invoke(_progress);
        }
    }

    /// <summary>Counts a chunk.</summary>
    public void CountChunk(bool reused)
    {
        Interlocked.Increment(ref reused ? ref _chunksReused : ref _chunksDone);
        Resident.Keep();
    }

    /// <summary>Does the same on several threads and waits for all. The first error stops the others and is the one that is thrown.</summary>
    public void InParallel(IEnumerable<Action<CancellationToken>> work)
    {
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(Cancellation);
        Exception? first = null;
        var threads = work.Select(part => new Thread(() =>
        {
            try
            {
                part(stop.Token);
            }
            catch (Exception error)
            {
                if (error is not OperationCanceledException) Interlocked.CompareExchange(ref first, error, null);
                stop.Cancel();
            }
        })).ToList();
        foreach (var thread in threads) thread.Start();
        foreach (var thread in threads) thread.Join();
        Cancellation.ThrowIfCancellationRequested();
        if (first is CoppiceException known) throw new CoppiceException(known.Message, known.ExitCode, known);
        if (first is not null) throw new InvalidOperationException(first.Message, first);
    }

    private static long MemoryOf(CorpusBuildOptions options) => options.Memory > 0 ? options.Memory : Math.Min(MostMemory, GC.GetGCMemoryInfo().TotalAvailableMemoryBytes / 2);
}
