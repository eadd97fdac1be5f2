namespace Coppice.Inference;

/// <summary>Something that an engine is asked for.</summary>
internal interface IEngineRequest
{
    /// <summary>Ends it early.</summary>
    CancellationToken Cancellation { get; }

    /// <summary>Whether it needs a slot of the cache.</summary>
    bool NeedsSlot { get; }

    /// <summary>Ends it with an error.</summary>
    void Fail(Exception error);
}

/// <summary>The requests that wait for an engine, in the order in which they came. Thread-safe.</summary>
/// <param name="most">The most that wait.</param>
internal sealed class RequestQueue(int most)
{
    private readonly object _gate = new();
    private readonly LinkedList<IEngineRequest> _waiting = [];
    private bool _closed;

    /// <summary>Adds a request.</summary>
    /// <param name="request">The request.</param>
    /// <exception cref="EngineBusyException">As many wait as may.</exception>
    /// <exception cref="EngineClosedException">No more are taken.</exception>
    public void Add(IEngineRequest request)
    {
        lock (_gate)
        {
            if (_closed) throw new EngineClosedException();
            if (_waiting.Count >= most) throw new EngineBusyException(most);
            _waiting.AddLast(request);
            Monitor.PulseAll(_gate);
        }
    }

    /// <summary>Takes the request that has waited longest.</summary>
    /// <param name="slotFree">Whether one that needs a slot can be taken.</param>
    /// <returns>The request; null where there is none.</returns>
    public IEngineRequest? Take(bool slotFree) => TakeAll(request => slotFree || !request.NeedsSlot, 1).FirstOrDefault();

    /// <summary>Takes the requests that were cancelled while they waited.</summary>
    public IReadOnlyList<IEngineRequest> TakeCancelled() => TakeAll(request => request.Cancellation.IsCancellationRequested, int.MaxValue);

    /// <summary>Takes all requests.</summary>
    public IReadOnlyList<IEngineRequest> TakeAll() => TakeAll(_ => true, int.MaxValue);

    /// <summary>Waits until there is a request.</summary>
    /// <returns>False where there is none and none will come.</returns>
    public bool Wait()
    {
        lock (_gate)
        {
            while (_waiting.Count == 0)
            {
                if (_closed) return false;
                Monitor.Wait(_gate);
            }

            return true;
        }
    }

    /// <summary>Takes no more.</summary>
    public void Close()
    {
        lock (_gate)
        {
            _closed = true;
            Monitor.PulseAll(_gate);
        }
    }

    private List<IEngineRequest> TakeAll(Func<IEngineRequest, bool> which, int count)
    {
        lock (_gate)
        {
            var taken = _waiting.Where(which).Take(count).ToList();
            foreach (var request in taken) _waiting.Remove(request);
            return taken;
        }
    }
}
