namespace Coppice.Adapters;

/// <summary>
/// Ends a training that gets no better: after a number of measurements in a row none of which beats the best so far. A measurement that is no number beats nothing.
/// </summary>
public sealed class EarlyStopping
{
    private readonly bool _higherIsBetter;
    private readonly double _leastGain;

    /// <summary>Before the first measurement.</summary>
    /// <param name="patience">How many measurements in a row may be no better; at least 1.</param>
    /// <param name="higherIsBetter">Whether the measure is one such as accuracy; false for a loss.</param>
    /// <param name="leastGain">By how much more than this a measurement must beat the best.</param>
    public EarlyStopping(int patience, bool higherIsBetter, double leastGain = 0)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(patience, 1);
        ArgumentOutOfRangeException.ThrowIfNegative(leastGain);
        (Patience, _higherIsBetter, _leastGain) = (patience, higherIsBetter, leastGain);
    }

    /// <summary>How many measurements in a row may be no better.</summary>
    public int Patience { get; }

    /// <summary>The best measurement; NaN before the first.</summary>
    public double Best { get; private set; } = double.NaN;

    /// <summary>When the best was measured; -1 before the first.</summary>
    public long BestStep { get; private set; } = -1;

    /// <summary>Measurements since the best.</summary>
    public int SinceBest { get; private set; }

    /// <summary>Whether training should end.</summary>
    public bool ShouldStop => SinceBest >= Patience;

    /// <summary>Takes a measurement.</summary>
    /// <param name="step">When it was made.</param>
    /// <param name="value">What was measured.</param>
    /// <returns>Whether it is the best so far: the weights of now are those to keep.</returns>
    public bool Add(long step, double value)
    {
        var gain = _higherIsBetter ? value - Best : Best - value;
        if (!double.IsNaN(value) && (double.IsNaN(Best) || gain > _leastGain))
        {
            (Best, BestStep, SinceBest) = (value, step, 0);
            return true;
        }

        SinceBest++;
        return false;
    }
}
