using Coppice.Foundation;
using Coppice.Models;
using Coppice.Tensors;

namespace Coppice.Adapters.Methods;

/// <summary>
/// One adapter a layer, behind the MLP and its residual: s + U · relu(D · N(s) + d) + u with s = MLP + residual. N is the norm behind the MLP in models whose norms
/// follow (BERT), and nothing in others: the layout of AdapterFusion and MAD-X. D begins normally distributed with the deviation 0.02, U as 0.
/// </summary>
[Technique("pfeiffer", Title = "AdapterFusion: Non-Destructive Task Composition for Transfer Learning", Paper = "arXiv:2005.00247")]
public sealed class Pfeiffer : BottleneckAdapter
{
    /// <inheritdoc/>
    public override string Name => "pfeiffer";

    private protected override PointwiseFunction Activation => PointwiseFunction.Relu;

    internal override WeightDelta CreateDelta(AdapterParts parts, TargetModule target) => new ResidualDelta(Module(parts, target), NormBehind(parts.Model, target.Name));

    /// <summary>The norm that follows a projection and its residual in models whose norms follow; null in others.</summary>
    internal static (Tensor Weight, Tensor? Bias, float Epsilon)? NormBehind(LanguageModel model, string path)
    {
        var norm = ModuleOf(path) + ".LayerNorm";
        if (model.Configuration is not EncoderConfiguration || !model.Parameters.TryGet(norm + ".weight", out var weight)) return null;
        return (weight.Tensor, model.Parameters.TryGet(norm + ".bias", out var bias) ? bias.Tensor : null, model.Configuration.NormEpsilon);
    }

    private protected override TargetPattern Sites(LanguageModel model) => BlockSites.MlpOutputs(model);

    private protected override void InitializeDown(Parameter down, ulong seed) => FillNormal(down, 0.02, seed);
}
