using System.Globalization;
using Coppice.Foundation;
using Coppice.Models;
using Coppice.Tensors;

namespace Coppice.Adapters.Methods;

/// <summary>What SAID is told.</summary>
public sealed record SaidSettings
{
    /// <summary>How many numbers are trained in all: the vector and a factor for each layer.</summary>
    public int Dimension { get; init; } = 1000;
}

/// <summary>
/// Trains a weight's change within a random subspace that all targets share: Wₗ' = Wₗ + λₗ · Pₗ · z with one short vector z and a factor for each layer, which begin as 0 and 1. How
/// short z can be for nine tenths of what full fine-tuning gains is a task's intrinsic dimension. The maps depend on the targets' names alone, so files hold z and the factors and
/// nothing else. Targets are projections; the paper moves embeddings and norms in the subspace too. The rank has no meaning.
/// </summary>
[Technique("said", Title = "Intrinsic Dimensionality Explains the Effectiveness of Language Model Fine-Tuning", Paper = "arXiv:2012.13255")]
public sealed class Said : AdapterMethod
{
    private const string Vector = "said_vector";
    private const string Factor = "said_factor.";

    /// <inheritdoc/>
    public override string Name => "said";

    /// <summary>0: what is trained belongs to no target.</summary>
    /// <inheritdoc/>
    public override long CountOf(TargetModule target) => 0;

    /// <summary>The dimension.</summary>
    /// <inheritdoc/>
    public override long CountOf(LanguageModel model, AdapterSettings settings, IReadOnlyList<TargetModule> targets) => (settings.Said ?? new SaidSettings()).Dimension;

    internal override IReadOnlyList<TargetModule> Targets(LanguageModel model, AdapterSettings settings) =>
        TargetSelection.Select(model, settings, settings.Targets ?? TargetPattern.Matching(TargetPattern.AllLinear));

    internal override IEnumerable<ParameterSpecification> Trained(TargetModule target) => [];

    internal override (IEnumerable<ParameterSpecification> Trained, IEnumerable<ParameterSpecification> Frozen) Specify(LanguageModel model, AdapterSettings settings, IReadOnlyList<TargetModule> targets)
    {
        var factors = targets.Select(FactorOf).Distinct().ToList();
        var dimension = CountOf(model, settings, targets);
        if (dimension <= factors.Count) throw CoppiceException.Usage($"said with {dimension} numbers: each of {factors.Count} layers has one, and at least one more is needed");
        return ([new(Vector, new Shape(1, (int)dimension - factors.Count)), .. factors.Select(name => new ParameterSpecification(name, new Shape(1, 1)))], []);
    }

    internal override void Initialize(AdapterParts parts, ulong seed)
    {
        foreach (var name in parts.Targets.Select(FactorOf).Distinct()) parts.Trained[name].Tensor.CopyFrom([1f]);
    }

    internal override WeightDelta CreateDelta(AdapterParts parts, TargetModule target)
    {
        var vector = parts.Trained[Vector];
        if ((long)target.Inputs * target.Outputs > 1 << 30) throw CoppiceException.Usage($"'{target.Name}' is too large for said");
        return new SubspaceDelta(parts.Model.Backend, vector, parts.Trained[FactorOf(target)], new FastfoodMap(Initial.RandomOf(target.Name + ".said", seed: 0), checked((int)vector.Count), target.Inputs * target.Outputs));
    }

    /// <summary>The factor of a target's layer; all targets outside of layers share one.</summary>
    private static string FactorOf(TargetModule target) => Factor + (TargetSelection.LayerOf(target.Name, [])?.ToString(CultureInfo.InvariantCulture) ?? "other");
}
