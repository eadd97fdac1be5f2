using Coppice.Foundation;

namespace Coppice.Inference;

/// <summary>
/// Makes less probable every token that prompt or text have already: its logit is divided by the penalty where it is positive, multiplied where it
/// is negative. A penalty below 1 makes such tokens more probable.
/// </summary>
[Technique("repetition-penalty", Title = "CTRL: A Conditional Transformer Language Model for Controllable Generation", Paper = "arXiv:1909.05858")]
public sealed class RepetitionPenalty : ILogitsStep
{
    private readonly float _penalty;
    private readonly HashSet<int> _seen = [];

    /// <summary>A penalty.</summary>
    /// <param name="penalty">More than 0; 1 changes nothing.</param>
    /// <param name="prompt">The tokens of the prompt.</param>
    public RepetitionPenalty(double penalty, ReadOnlySpan<int> prompt)
    {
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(penalty);
        _penalty = (float)penalty;
        foreach (var token in prompt) _seen.Add(token);
    }

    /// <inheritdoc/>
    public void Apply(Span<float> logits)
    {
        foreach (var token in _seen)
        {
            if (token >= logits.Length || float.IsNegativeInfinity(logits[token])) continue;
            ref var logit = ref logits[token];
            logit = logit > 0 ? logit / _penalty : logit * _penalty;
        }
    }

    /// <inheritdoc/>
    public void Accept(int token) => _seen.Add(token);
}
