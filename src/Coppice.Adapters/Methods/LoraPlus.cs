using Coppice.Foundation;
using Coppice.Tensors;
using Coppice.Training.Optimizers;

namespace Coppice.Adapters.Methods;

/// <summary>
/// LoRA+: the factor that begins as 0, and all vectors, learn so many times as fast as the other. It multiplies the finished update, weight decay included, and is the
/// chain's last link: what <see cref="OptimizerRegistry.Create"/> takes as its mask.
/// </summary>
[Technique("lora+", Title = "LoRA+: Efficient Low Rank Adaptation of Large Models", Paper = "arXiv:2402.12354")]
public sealed class LoraPlus : GradientTransform
{
    private readonly float _ratio;
    private readonly (long Start, long End)[] _fast;

    /// <summary>Takes apart what learns fast.</summary>
    /// <param name="parameters">An adapter's parameters.</param>
    /// <param name="ratio">How many times as fast; 1 is plain LoRA, and the paper's advice is about 16.</param>
    /// <exception cref="CoppiceException">The ratio is below 1, or there are no factors (exit code 2).</exception>
    public LoraPlus(ParameterSet parameters, double ratio)
    {
        if (!(ratio >= 1 && double.IsFinite(ratio))) throw CoppiceException.Usage(FormattableString.Invariant($"lora+ with a ratio of {ratio}: 1 is the least"));
        _ratio = (float)ratio;
        if (!parameters.Parameters.Any(IsSecondFactor)) throw CoppiceException.Usage("lora+ gives the second factor of each target its own rate: the adapter has no such factors");
        _fast = [.. parameters.Parameters.Where(parameter => IsSecondFactor(parameter) || parameter.Shape.Rank == 1).Select(parameter => (parameter.Offset, parameter.Offset + parameter.Count)).Order()];
    }

    /// <inheritdoc/>
    public override void Update(UpdateStep step, long start, int count)
    {
        if (_ratio == 1) return;
        var end = start + count;
        foreach (var (first, last) in _fast)
        {
            if (last <= start) continue;
            if (first >= end) break;
            var from = Math.Max(start, first);
            step.Updates.Scale(_ratio, from, Math.Min(end, last) - from);
        }
    }

    private static bool IsSecondFactor(Parameter parameter) => parameter.Name.EndsWith(".lora_B.weight", StringComparison.Ordinal);
}
