namespace Coppice.Corpus.Building;

/// <summary>How many bytes may be on their way between threads at once. One piece alone may exceed it: it then waits until it is alone.</summary>
/// <param name="limit">Bytes.</param>
internal sealed class ByteBudget(long limit)
{
    private static readonly TimeSpan BetweenLooksAtCancellation = TimeSpan.FromMilliseconds(100);

    private readonly object _gate = new();
    private long _used;

    /// <summary>Waits until there is room for some bytes, and takes it.</summary>
    /// <param name="bytes">How many.</param>
    /// <param name="cancellation">Stops waiting.</param>
    public void Take(long bytes, CancellationToken cancellation)
    {
        lock (_gate)
        {
            while (_used > 0 && _used + bytes > limit)
            {
                cancellation.ThrowIfCancellationRequested();
                Monitor.Wait(_gate, BetweenLooksAtCancellation);
            }

            _used += bytes;
        }
    }

    /// <summary>Gives bytes back.</summary>
    /// <param name="bytes">How many.</param>
    public void Release(long bytes)
    {
        lock (_gate)
        {
            _used -= bytes;
            Monitor.PulseAll(_gate);
        }
    }
}
