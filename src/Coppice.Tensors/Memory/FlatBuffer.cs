namespace Coppice.Tensors;

/// <summary>
/// One long run of float32 values in a backend's memory: all parameters of a model, all their gradients, one optimizer moment.
/// Flat, so that an optimizer step, a checkpoint and a global norm are each one pass over memory.
/// </summary>
public sealed unsafe class FlatBuffer : IDisposable
{
    private float* _data;

    /// <summary>Allocates a buffer of zeros.</summary>
    /// <param name="backend">Whose memory it is.</param>
    /// <param name="count">The number of values.</param>
    public FlatBuffer(Backend backend, long count)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(count);
        Backend = backend;
        Count = count;
        _data = (float*)backend.Allocate(Math.Max(1, count) * sizeof(float));
        backend.Zero(Data, Math.Max(1, count));
    }

    /// <summary>Frees a buffer that nobody disposed: native memory is invisible to the collector.</summary>
    ~FlatBuffer() => Free();

    /// <summary>Whose memory it is.</summary>
    public Backend Backend { get; }

    /// <summary>The number of values.</summary>
    public long Count { get; }

    internal float* Data
    {
        get
        {
            ObjectDisposedException.ThrowIf(_data == null, this);
            return _data;
        }
    }

    /// <summary>Sets all values to zero.</summary>
    public void Clear() => Backend.Zero(Data, Count);

    /// <summary>Copies values out.</summary>
    /// <param name="start">The first value.</param>
    /// <param name="destination">As many as are wanted.</param>
    public void CopyTo(long start, Span<float> destination)
    {
        CheckRange(start, destination.Length);
        Backend.CopyToHost(Data + start, destination);
    }

    /// <summary>Overwrites values.</summary>
    /// <param name="source">The new values.</param>
    /// <param name="start">Where the first one goes.</param>
    public void CopyFrom(ReadOnlySpan<float> source, long start)
    {
        CheckRange(start, source.Length);
        Backend.CopyFromHost(source, Data + start);
    }

    /// <summary>Overwrites all values with another buffer's.</summary>
    /// <param name="other">A buffer of the same size on the same backend.</param>
    public void CopyFrom(FlatBuffer other)
    {
        if (other.Count != Count) throw new ArgumentException($"{other.Count} values into a buffer of {Count}.", nameof(other));
        Backend.Copy(other.Data, Data, Count);
    }

    /// <summary>The sum of the squares of all values, in a fixed order (the same for any number of threads).</summary>
    public double SumOfSquares() => Backend.SumOfSquares(Data, Count);

    /// <inheritdoc/>
    public void Dispose()
    {
        Free();
        GC.SuppressFinalize(this);
    }

    internal void CheckRange(long start, long count)
    {
        if (start < 0 || count < 0 || start > Count - count) throw new ArgumentOutOfRangeException(nameof(start), $"{count} values from {start} on, of a buffer of {Count}.");
    }

    private void Free()
    {
        if (_data == null) return;
        Backend.Free(_data);
        _data = null;
    }
}
