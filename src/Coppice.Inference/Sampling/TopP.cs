using Coppice.Foundation;

namespace Coppice.Inference;

/// <summary>
/// Keeps the fewest most probable tokens that together have at least the probability p (the nucleus), and those that are exactly as probable as
/// the last of them.
/// </summary>
[Technique("top-p", Title = "The Curious Case of Neural Text Degeneration", Paper = "arXiv:1904.09751")]
public sealed class TopP : ILogitsStep
{
    private readonly double _p;
    private float[] _scratch = [];

    /// <summary>A probability.</summary>
    /// <param name="p">More than 0, at most 1.</param>
    public TopP(double p)
    {
        if (!(p > 0 && p <= 1)) throw new ArgumentOutOfRangeException(nameof(p), p, "More than 0 and at most 1 is expected.");
        _p = p;
    }

    /// <inheritdoc/>
    public void Apply(Span<float> logits)
    {
        if (_scratch.Length < logits.Length) _scratch = new float[logits.Length];
        var weights = _scratch.AsSpan(0, logits.Length);
        var max = float.NegativeInfinity;
        foreach (var logit in logits) max = Math.Max(max, logit);
        var total = 0.0;
        for (var i = 0; i < weights.Length; i++)
        {
            weights[i] = MathF.Exp(logits[i] - max);
            total += weights[i];
        }

        var threshold = Selection.Smallest(weights, _p * total, weighted: true);
        foreach (ref var logit in logits)
        {
            if (MathF.Exp(logit - max) < threshold) logit = float.NegativeInfinity;
        }
    }
}
