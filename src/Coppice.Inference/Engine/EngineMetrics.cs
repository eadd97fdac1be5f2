namespace Coppice.Inference;

/// <summary>What engines have done and are doing. Engines that serve one model after another may share an object. Thread-safe.</summary>
public sealed class EngineMetrics
{
    private long _waiting;
    private long _running;
    private long _rejected;
    private long _promptTokens;
    private long _sharedPromptTokens;
    private long _generatedTokens;
    private long _passes;
    private readonly long[] _finished = new long[Enum.GetValues<RequestEnd>().Length];

    /// <summary>Requests that wait for a place.</summary>
    public long Waiting => Interlocked.Read(ref _waiting);

    /// <summary>Texts that are being continued.</summary>
    public long Running => Interlocked.Read(ref _running);

    /// <summary>Requests that were refused because too many were waiting.</summary>
    public long Rejected => Interlocked.Read(ref _rejected);

    /// <summary>Tokens of the prompts that were begun, shared ones included.</summary>
    public long PromptTokens => Interlocked.Read(ref _promptTokens);

    /// <summary>Those of them whose keys and values were there from earlier texts.</summary>
    public long SharedPromptTokens => Interlocked.Read(ref _sharedPromptTokens);

    /// <summary>Tokens that were drawn.</summary>
    public long GeneratedTokens => Interlocked.Read(ref _generatedTokens);

    /// <summary>Passes through the model.</summary>
    public long Passes => Interlocked.Read(ref _passes);

    /// <summary>Seconds from a request to its first token.</summary>
    public Histogram TimeToFirstToken { get; } = new(0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60);

    /// <summary>Requests that have ended.</summary>
    /// <param name="end">How.</param>
    public long Finished(RequestEnd end) => Interlocked.Read(ref _finished[(int)end]);

    internal void AddWaiting(int change) => Interlocked.Add(ref _waiting, change);

    internal void Reject() => Interlocked.Increment(ref _rejected);

    internal void Begin(int promptTokens, int shared)
    {
        Interlocked.Increment(ref _running);
        Interlocked.Add(ref _promptTokens, promptTokens);
        Interlocked.Add(ref _sharedPromptTokens, shared);
    }

    internal void LeaveRunning() => Interlocked.Decrement(ref _running);

    internal void End(RequestEnd end) => Interlocked.Increment(ref _finished[(int)end]);

    internal void CountPass(int tokensDrawn)
    {
        Interlocked.Increment(ref _passes);
        Interlocked.Add(ref _generatedTokens, tokensDrawn);
    }
}

/// <summary>How a request ended.</summary>
public enum RequestEnd
{
    /// <summary>See <see cref="FinishReason.Stop"/>.</summary>
    Stop,

    /// <summary>See <see cref="FinishReason.Length"/>.</summary>
    Length,

    /// <summary>It was cancelled.</summary>
    Cancelled,

    /// <summary>Something failed.</summary>
    Failed,
}

/// <summary>Counts of values up to bounds. Thread-safe.</summary>
/// <param name="bounds">The bounds, rising.</param>
public sealed class Histogram(params double[] bounds)
{
    private readonly Lock _gate = new();
    private readonly long[] _counts = new long[bounds.Length];
    private long _count;
    private double _sum;

    /// <summary>Counts a value.</summary>
    /// <param name="value">The value.</param>
    public void Add(double value)
    {
        lock (_gate)
        {
            _count++;
            _sum += value;
            for (var i = 0; i < bounds.Length; i++)
            {
                if (value <= bounds[i]) _counts[i]++;
            }
        }
    }

    /// <summary>For each bound, how many values were at most that; and the number and the sum of all.</summary>
    public (IReadOnlyList<(double Bound, long Count)> Buckets, long Count, double Sum) Read()
    {
        lock (_gate) return ([.. bounds.Zip(_counts)], _count, _sum);
    }
}
