namespace Coppice.Corpus.Building;

/// <summary>
/// Keeps a process near a limit of memory. What a build holds is bounded, but the garbage that it makes is not: the collector leaves it as long as the machine has room.
/// Where the process comes near the limit, it is collected and given back to the system.
/// </summary>
/// <param name="limit">Bytes.</param>
internal sealed class ResidentMemory(long limit)
{
    private const double NearLimit = 0.75;

    // Where it is not garbage that fills the memory, collecting again and again would help nobody.
    private static readonly TimeSpan BetweenCollections = TimeSpan.FromSeconds(1);

    // Asking the system takes as long as reading the sketches of a chunk.
    private static readonly TimeSpan BetweenLooks = TimeSpan.FromMilliseconds(20);

    private readonly Lock _gate = new();
    private long _lastCollection;
    private long _lastLook;

    /// <summary>To be called every now and then: once a chunk.</summary>
    public void Keep()
    {
        var now = Environment.TickCount64;
        if (now - Volatile.Read(ref _lastLook) < BetweenLooks.TotalMilliseconds) return;
        Volatile.Write(ref _lastLook, now);
        if (Environment.WorkingSet < NearLimit * limit || !_gate.TryEnter()) return;
        try
        {
            if (Environment.TickCount64 - _lastCollection < BetweenCollections.TotalMilliseconds) return;
            GC.Collect(GC.MaxGeneration, GCCollectionMode.Aggressive, blocking: true, compacting: true);
            _lastCollection = Environment.TickCount64;
        }
        finally
        {
            _gate.Exit();
        }
    }
}
