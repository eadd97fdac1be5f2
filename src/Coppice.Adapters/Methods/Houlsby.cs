using Coppice.Foundation;
using Coppice.Models;
using Coppice.Tensors;

namespace Coppice.Adapters.Methods;

/// <summary>
/// Two adapters a layer, behind attention and behind the MLP, each in front of the residual: h + U · gelu(D · h + d) + u. The layers' norms are trained too, which the
/// published numbers need. D begins normally distributed with the deviation 0.01, U as 0 (in the paper as D, which is nearly no change and not none).
/// </summary>
[Technique("houlsby", Title = "Parameter-Efficient Transfer Learning for NLP", Paper = "arXiv:1902.00751")]
public sealed class Houlsby : BottleneckAdapter
{
    /// <inheritdoc/>
    public override string Name => "houlsby";

    private protected override PointwiseFunction Activation => PointwiseFunction.GeluErf;

    internal override IEnumerable<string> BaseParameters(LanguageModel model, AdapterSettings settings, IReadOnlyList<TargetModule> targets)
    {
        var chosen = base.BaseParameters(model, settings, targets).ToHashSet(StringComparer.Ordinal);
        var layers = targets.Select(target => LayerOf(target.Name)).ToHashSet();
        // A weight that is a vector is a norm's.
        var norms = model.Parameters.Parameters
            .Where(parameter => parameter.Shape.Rank == 1 && parameter.Name.EndsWith(".weight", StringComparison.Ordinal) && LayerOf(parameter.Name) is { } layer && layers.Contains(layer))
            .Select(parameter => ModuleOf(parameter.Name)).ToHashSet(StringComparer.Ordinal);
        string[] names = [.. model.Parameters.Parameters.Select(parameter => parameter.Name).Where(name => chosen.Contains(name) || norms.Contains(ModuleOf(name)))];
        RefuseUntrainable(model, names.ToHashSet(StringComparer.Ordinal));
        return names;

        int? LayerOf(string name) => TargetSelection.LayerOf(name, settings.LayersPattern);
    }

    internal override WeightDelta CreateDelta(AdapterParts parts, TargetModule target) => new SerialDelta(Module(parts, target));

    private protected override TargetPattern Sites(LanguageModel model) => BlockSites.Outputs(model);

    // Truncated at two deviations.
    private protected override void InitializeDown(Parameter down, ulong seed)
    {
        const double Deviation = 0.01;
        var random = Initial.RandomOf(down.Name, seed);
        var values = new float[down.Count];
        for (var i = 0; i < values.Length; i++) values[i] = (float)(Deviation * Math.Clamp(random.Normal((ulong)i), -2, 2));
        down.Tensor.CopyFrom(values);
    }
}
