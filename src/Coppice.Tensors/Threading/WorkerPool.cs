namespace Coppice.Tensors;

/// <summary>
/// The one set of threads that all kernels share: the caller and <c>Threads - 1</c> helpers that live as long as the pool. A run allocates
/// nothing. Helpers spin for a moment after a run, since the next kernel follows at once in a training step, and then sleep.
/// </summary>
internal sealed unsafe class WorkerPool : IDisposable
{
    // A spin is some 40 ns (the runtime measures the processor's pause): the kernels of a step follow each other within a few of them, and a helper
    // that looks less often comes late to each.
    private const int SpinsBeforeSleep = 4000;

    // State: generation in the upper bits; bit 0 = open for helpers to join; the bits between count the helpers inside.
    private const long Open = 1;
    private const long Joined = 2;
    private const int GenerationShift = 20;
    private const long JoinedMask = (1L << GenerationShift) - 1 - Open;

    private readonly Thread[] _helpers;
    private readonly object _gate = new();
    private long _state;
    private int _sleepers;
    private bool _stopping;
    private bool _running;

    private delegate*<int, int, void*, void> _body;
    private void* _context;
    private int _items;
    private int _next;
    private Exception? _failure;

    public WorkerPool(int threads)
    {
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(threads);
        Threads = threads;
        _helpers = new Thread[threads - 1];
        for (var i = 0; i < _helpers.Length; i++)
        {
            var worker = i + 1;
            _helpers[i] = new Thread(() => Help(worker)) { IsBackground = true, Name = $"coppice worker {worker}" };
            _helpers[i].Start();
        }
    }

    /// <summary>The number of threads, the caller's included.</summary>
    public int Threads { get; }

    /// <summary>Does all items of a job and returns when they are done. For one caller at a time.</summary>
    public void Run<TJob>(ref TJob job, int items)
        where TJob : unmanaged, IJob
    {
        if (items <= 0) return;
        fixed (TJob* context = &job)
        {
            if (items == 1 || _helpers.Length == 0)
            {
                for (var item = 0; item < items; item++) context->Run(item, 0);
                return;
            }

            if (_running) throw new InvalidOperationException("A backend is used by one thread at a time, and a kernel starts no other.");
            _running = true;
            try
            {
                Dispatch(&Invoke<TJob>, context, items);
            }
            finally
            {
                _running = false;
            }
        }
    }

    public void Dispose()
    {
        lock (_gate)
        {
            _stopping = true;
            Monitor.PulseAll(_gate);
        }

        foreach (var helper in _helpers) helper.Join();
    }

    private static void Invoke<TJob>(int item, int worker, void* context)
        where TJob : unmanaged, IJob => ((TJob*)context)->Run(item, worker);

    private void Dispatch(delegate*<int, int, void*, void> body, void* context, int items)
    {
        _body = body;
        _context = context;
        (_items, _next, _failure) = (items, 0, null);
        var generation = (Volatile.Read(ref _state) >> GenerationShift) + 1;
        Interlocked.Exchange(ref _state, (generation << GenerationShift) | Open);
        if (Volatile.Read(ref _sleepers) > 0)
        {
            lock (_gate) Monitor.PulseAll(_gate);
        }

        Work(0);

        // A helper that has not joined by now is not waited for: there is nothing left for it to do.
        Interlocked.And(ref _state, ~Open);
        // The last items take about as long as each other; only where a helper lost its processor is that one given away.
        for (var spins = 0; (Volatile.Read(ref _state) & JoinedMask) != 0; spins++)
        {
            if (spins < SpinsBeforeSleep) Thread.SpinWait(1);
            else Thread.Yield();
        }

        if (_failure is not null) throw new InvalidOperationException("A kernel failed.", _failure);
    }

    private void Work(int worker)
    {
        try
        {
            for (var item = Interlocked.Increment(ref _next) - 1; item < _items; item = Interlocked.Increment(ref _next) - 1)
            {
                _body(item, worker, _context);
            }
        }
        catch (Exception error)
        {
            _failure = error;
        }
    }

    private void Help(int worker)
    {
        var done = 0L;
        while (WaitForWork(ref done))
        {
            Work(worker);
            Interlocked.Add(ref _state, -Joined);
        }
    }

    /// <summary>Waits until a run that this helper has not seen is open, and joins it. False when the pool is disposed.</summary>
    private bool WaitForWork(ref long done)
    {
        var spins = 0;
        while (true)
        {
            var state = Volatile.Read(ref _state);
            if ((state & Open) != 0 && state >> GenerationShift != done)
            {
                if (Interlocked.CompareExchange(ref _state, state + Joined, state) != state) continue;
                done = state >> GenerationShift;
                return true;
            }

            if (Volatile.Read(ref _stopping)) return false;
            if (++spins < SpinsBeforeSleep)
            {
                Thread.SpinWait(1);
                continue;
            }

            Sleep(done);
            spins = 0;
        }
    }

    private void Sleep(long done)
    {
        lock (_gate)
        {
            // Announced before the last look at the state, as the dispatcher publishes the state before it looks for sleepers:
            // one of the two sees the other.
            Interlocked.Increment(ref _sleepers);
            var state = Volatile.Read(ref _state);
            if (((state & Open) == 0 || state >> GenerationShift == done) && !_stopping) Monitor.Wait(_gate);
            Interlocked.Decrement(ref _sleepers);
        }
    }
}
