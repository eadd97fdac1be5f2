using Coppice.Foundation;
using Coppice.Models;
using Coppice.Tensors;

namespace Coppice.Adapters.Methods;

/// <summary>One adapter a layer beside the MLP: MLP(z) + U · relu(D · z + d) + u, where z is the MLP's normed input. D begins evenly distributed within 1 / √inputs, U as 0.</summary>
[Technique("parallel-adapter", Title = "Towards a Unified View of Parameter-Efficient Transfer Learning", Paper = "arXiv:2110.04366")]
public class ParallelAdapter : BottleneckAdapter
{
    /// <inheritdoc/>
    public override string Name => "parallel";

    private protected override PointwiseFunction Activation => PointwiseFunction.Relu;

    internal override AdapterWiring Wire(AdapterParts parts) => new([.. parts.Targets.SelectMany(target =>
    {
        var tap = new InputTap();
        return new (ProjectionSlot, WeightDelta)[] { (BlockSites.MlpInputOf(parts.Model, target.Slot), tap), (target.Slot, new ParallelDelta(Module(parts, target), tap)) };
    })]);

    internal override WeightDelta CreateDelta(AdapterParts parts, TargetModule target) => throw new InvalidOperationException("A parallel adapter is wired as a pair.");

    private protected override TargetPattern Sites(LanguageModel model) => BlockSites.MlpOutputs(model);

    private protected override void InitializeDown(Parameter down, ulong seed) => FillUniform(down, 1 / Math.Sqrt(down.Shape.Columns), seed);
}

/// <summary>A parallel adapter whose output counts several times: 4, the paper's for generation (2 for its classification).</summary>
[Technique("scaled-parallel-adapter", Title = "Towards a Unified View of Parameter-Efficient Transfer Learning", Paper = "arXiv:2110.04366")]
public sealed class ScaledParallelAdapter : ParallelAdapter
{
    /// <inheritdoc/>
    public override string Name => "scaled-parallel";

    private protected override double Scale => 4;
}
