using Coppice.Foundation;
using Coppice.Models;
using Coppice.Tensors;

namespace Coppice.Adapters.Methods;

/// <summary>(IA)³: keys and values are multiplied by a learned vector, and what goes into the second matrix of the MLP is too. The vectors begin as ones.</summary>
[Technique("ia3", Title = "Few-Shot Parameter-Efficient Fine-Tuning is Better and Cheaper than In-Context Learning", Paper = "arXiv:2205.05638")]
public sealed class Ia3 : AdapterMethod
{
    private const string Scales = ".ia3_l";

    /// <inheritdoc/>
    public override string Name => "ia3";

    /// <summary>As many as the target has outputs, or inputs where those are scaled.</summary>
    /// <inheritdoc/>
    public override long CountOf(TargetModule target) => target.ScalesInput ? target.Inputs : target.Outputs;

    internal override IReadOnlyList<TargetModule> Targets(LanguageModel model, AdapterSettings settings)
    {
        if (settings.Bias != BiasTraining.None) throw CoppiceException.Usage("(IA)3 trains no biases: its files have no place for them");
        if (settings.Targets is { } targets) return TargetSelection.Select(model, settings, targets, settings.FeedForward);
        var usual = UsualTargets.OfScaling(model.Configuration);
        return TargetSelection.Select(model, settings, usual.Targets, settings.FeedForward ?? usual.FeedForward);
    }

    // In the shape that files have: a column of outputs, or a row of inputs.
    internal override IEnumerable<ParameterSpecification> Trained(TargetModule target) =>
        [new(target.Name + Scales, target.ScalesInput ? new Shape(1, target.Inputs) : new Shape(target.Outputs, 1))];

    internal override void Initialize(AdapterParts parts, ulong seed)
    {
        foreach (var target in parts.Targets)
        {
            var scales = parts.Trained[target.Name + Scales].Tensor;
            scales.CopyFrom([.. Enumerable.Repeat(1f, (int)scales.Count)]);
        }
    }

    internal override WeightDelta CreateDelta(AdapterParts parts, TargetModule target) => new ScalingDelta(parts.Trained[target.Name + Scales], target.ScalesInput);
}
