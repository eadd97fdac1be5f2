using Coppice.Foundation;

namespace Coppice.Inference;

/// <summary>Keeps the tokens that are at least a share p as probable as the most probable one: few where the model is sure, many where it isn't.</summary>
[Technique("min-p", Title = "Turning Up the Heat: Min-p Sampling for Creative and Coherent LLM Outputs", Paper = "arXiv:2407.01082")]
public sealed class MinP : ILogitsStep
{
    private readonly double _logarithm;

    /// <summary>A share of the largest probability.</summary>
    /// <param name="p">More than 0, at most 1.</param>
    public MinP(double p)
    {
        if (!(p > 0 && p <= 1)) throw new ArgumentOutOfRangeException(nameof(p), p, "More than 0 and at most 1 is expected.");
        _logarithm = Math.Log(p);
    }

    /// <inheritdoc/>
    public void Apply(Span<float> logits)
    {
        var max = float.NegativeInfinity;
        foreach (var logit in logits) max = Math.Max(max, logit);
        foreach (ref var logit in logits)
        {
            if (logit - (double)max < _logarithm) logit = float.NegativeInfinity;
        }
    }
}
