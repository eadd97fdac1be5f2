using Coppice.Foundation;

namespace Coppice.Inference;

/// <summary>Keeps the k most probable tokens, and those that are exactly as probable as the last of them.</summary>
[Technique("top-k", Title = "Hierarchical Neural Story Generation", Paper = "arXiv:1805.04833")]
public sealed class TopK : ILogitsStep
{
    private readonly int _k;
    private float[] _scratch = [];

    /// <summary>A number of tokens.</summary>
    /// <param name="k">At least 1.</param>
    public TopK(int k)
    {
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(k);
        _k = k;
    }

    /// <inheritdoc/>
    public void Apply(Span<float> logits)
    {
        if (_k >= logits.Length) return;
        if (_scratch.Length < logits.Length) _scratch = new float[logits.Length];
        var copy = _scratch.AsSpan(0, logits.Length);
        logits.CopyTo(copy);
        var threshold = Selection.Smallest(copy, _k, weighted: false);
        foreach (ref var logit in logits)
        {
            if (logit < threshold) logit = float.NegativeInfinity;
        }
    }
}
