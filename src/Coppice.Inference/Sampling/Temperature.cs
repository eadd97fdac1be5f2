namespace Coppice.Inference;

/// <summary>Divides the logits: p becomes proportional to p^(1 / temperature).</summary>
public sealed class Temperature : ILogitsStep
{
    private readonly double _temperature;

    /// <summary>A temperature.</summary>
    /// <param name="temperature">More than 0.</param>
    public Temperature(double temperature)
    {
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(temperature);
        _temperature = temperature;
    }

    /// <inheritdoc/>
    public void Apply(Span<float> logits)
    {
        // Relative to the largest, so that a temperature near 0 makes the others very small and nothing infinitely large.
        var max = float.NegativeInfinity;
        foreach (var logit in logits) max = Math.Max(max, logit);
        foreach (ref var logit in logits) logit = (float)((logit - max) / _temperature);
    }
}
