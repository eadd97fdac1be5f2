namespace Coppice.Training.Loop;

/// <summary>
/// Says how far a value lies above the recent ones, in standard deviations. Its window is part of a checkpoint, so that a resumed run judges
/// as an uninterrupted one does.
/// </summary>
public sealed class OutlierDetector
{
    private const int Window = 128;

    // Before that many values, the spread is not known well enough to judge.
    private const int Least = 32;

    private readonly double[] _values = new double[Window];
    private long _count;

    /// <summary>The standard deviations that a value lies above the mean of the window; 0 while too few values are known or all are the same.</summary>
    /// <param name="value">The value.</param>
    public double Score(double value)
    {
        var n = (int)Math.Min(_count, Window);
        if (n < Least) return 0;
        var (sum, squares) = (0.0, 0.0);
        for (var i = 0; i < n; i++) sum += _values[i];
        var mean = sum / n;
        for (var i = 0; i < n; i++) squares += (_values[i] - mean) * (_values[i] - mean);
        var deviation = Math.Sqrt(squares / n);
        return deviation > 0 ? (value - mean) / deviation : 0;
    }

    /// <summary>Takes a value into the window, in place of the oldest.</summary>
    /// <param name="value">The value.</param>
    public void Add(double value) => _values[_count++ % Window] = value;

    /// <summary>The state for a checkpoint.</summary>
    public OutlierState Save() => new(_count, [.. _values.Take((int)Math.Min(_count, Window))]);

    /// <summary>Takes up the state of a checkpoint.</summary>
    /// <param name="state">The state.</param>
    public void Restore(OutlierState state)
    {
        _count = state.Count;
        Array.Clear(_values);
        state.Values.Take(Window).ToArray().CopyTo(_values, 0);
    }
}

/// <summary>The state of an <see cref="OutlierDetector"/>.</summary>
/// <param name="Count">Values seen.</param>
/// <param name="Values">The window.</param>
public sealed record OutlierState(long Count, IReadOnlyList<double> Values);
