using Coppice.Foundation;
using Coppice.Models;
using Coppice.Tensors;

namespace Coppice.Adapters.Methods;

/// <summary>Adds a product of two narrow matrices to a frozen weight: W' = W + alpha / r · B · A. A begins evenly distributed within 1 / √inputs, B as 0.</summary>
[Technique("lora", Title = "LoRA: Low-Rank Adaptation of Large Language Models", Paper = "arXiv:2106.09685")]
public class Lora : AdapterMethod
{
    private protected const string A = ".lora_A.weight";
    private protected const string B = ".lora_B.weight";

    /// <inheritdoc/>
    public override string Name => "lora";

    /// <summary>r · (inputs + outputs).</summary>
    /// <inheritdoc/>
    public override long CountOf(TargetModule target) => (long)target.Rank * (target.Inputs + target.Outputs);

    internal override IReadOnlyList<TargetModule> Targets(LanguageModel model, AdapterSettings settings) =>
        TargetSelection.Select(model, settings, settings.Targets ?? UsualTargets.OfLowRank(model.Configuration));

    internal override IEnumerable<ParameterSpecification> Trained(TargetModule target) =>
    [
        new(target.Name + A, new Shape(target.Rank, target.Inputs)),
        new(target.Name + B, new Shape(target.Outputs, target.Rank)),
    ];

    internal override void Initialize(AdapterParts parts, ulong seed)
    {
        foreach (var target in parts.Targets) FillUniform(parts.Trained[target.Name + A], 1 / Math.Sqrt(target.Inputs), seed);
    }

    internal override WeightDelta CreateDelta(AdapterParts parts, TargetModule target) =>
        new LowRankDelta(parts.Trained[target.Name + A], parts.Trained[target.Name + B], parts.ScaleOf(target));
}
