using Coppice.Adapters.Sides;
using Coppice.Foundation;
using Coppice.Models;
using Coppice.Tensors;

namespace Coppice.Adapters.Methods;

/// <summary>Methods that train a narrow network beside the model, which reads the states between the model's blocks: no gradient goes through the model, and none of its activations is kept.</summary>
public abstract class SideTuning : AdapterMethod
{
    private protected const string Up = "side.up.weight";
    private protected const string Norm = "side.norm.weight";
    private protected const float Epsilon = 1e-5f;

    /// <summary>False: the change is a network.</summary>
    public sealed override bool IsMergeable => false;

    /// <summary>0: no projection changes.</summary>
    /// <inheritdoc/>
    public sealed override long CountOf(TargetModule target) => 0;

    internal sealed override IReadOnlyList<TargetModule> Targets(LanguageModel model, AdapterSettings settings) => settings.Targets is null && settings.Layers.Count == 0
        ? []
        : throw CoppiceException.Usage($"'{Name}' changes no projection: targets and layers mean nothing to it");

    internal sealed override IEnumerable<ParameterSpecification> Trained(TargetModule target) => [];

    internal sealed override (IEnumerable<ParameterSpecification> Trained, IEnumerable<ParameterSpecification> Frozen) Specify(LanguageModel model, AdapterSettings settings, IReadOnlyList<TargetModule> targets) =>
        (Network(model, settings), []);

    internal sealed override AdapterWiring Wire(AdapterParts parts) => new([], Side: CreateSide(parts));

    internal sealed override WeightDelta CreateDelta(AdapterParts parts, TargetModule target) => throw new InvalidOperationException($"'{Name}' has no targets.");

    /// <summary>The network's parameters.</summary>
    private protected abstract IEnumerable<ParameterSpecification> Network(LanguageModel model, AdapterSettings settings);

    /// <summary>The network.</summary>
    private protected abstract SideNetwork CreateSide(AdapterParts parts);

    /// <summary>A way down's name: 0 for what goes into the first block.</summary>
    private protected static string DownName(int rung) => FormattableString.Invariant($"side.down.{rung}");

    /// <summary>A gate's name.</summary>
    private protected static string GateName(int layer) => FormattableString.Invariant($"side.gates.{layer}");

    private protected static void Fill(Parameter parameter, float value)
    {
        var values = new float[parameter.Count];
        Array.Fill(values, value);
        parameter.Tensor.CopyFrom(values);
    }

    /// <summary>Norms as 1, matrices of blocks evenly distributed within 1 / √inputs.</summary>
    private protected static void FillBlock(AdapterParts parts, SideShape shape, int layer, ulong seed)
    {
        foreach (var specification in shape.Block(Ladder.BlockName(layer)))
        {
            var parameter = parts.Trained[specification.Name];
            if (parameter.Shape.Rank == 1) Fill(parameter, 1);
            else FillUniform(parameter, 1 / Math.Sqrt(parameter.Shape.Columns), seed);
        }
    }
}
