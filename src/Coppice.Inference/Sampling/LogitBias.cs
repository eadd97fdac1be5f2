namespace Coppice.Inference;

/// <summary>Adds a number to the logits of chosen tokens: a few make one likelier or rarer, -100 all but forbids it, 100 all but forces it.</summary>
public sealed class LogitBias : ILogitsStep
{
    private readonly IReadOnlyDictionary<int, double> _bias;

    /// <summary>Biases.</summary>
    /// <param name="bias">What is added, by token.</param>
    public LogitBias(IReadOnlyDictionary<int, double> bias) => _bias = bias;

    /// <inheritdoc/>
    public void Apply(Span<float> logits)
    {
        foreach (var (token, bias) in _bias) logits[token] += (float)bias;
    }
}
