namespace Coppice.Inference;

/// <summary>
/// Lowers the logits of tokens that the generated text has already, as OpenAI's interface defines it: by the presence penalty once, and by the
/// frequency penalty for each time. The prompt does not count. Negative penalties raise them.
/// </summary>
public sealed class OccurrencePenalty : ILogitsStep
{
    private readonly double _presence;
    private readonly double _frequency;
    private readonly Dictionary<int, int> _counts = [];

    /// <summary>Penalties.</summary>
    /// <param name="presence">What a token that occurs loses.</param>
    /// <param name="frequency">What it loses for each time.</param>
    public OccurrencePenalty(double presence, double frequency) => (_presence, _frequency) = (presence, frequency);

    /// <inheritdoc/>
    public void Apply(Span<float> logits)
    {
        foreach (var (token, count) in _counts) logits[token] -= (float)(_presence + _frequency * count);
    }

    /// <inheritdoc/>
    public void Accept(int token) => _counts[token] = _counts.GetValueOrDefault(token) + 1;
}
