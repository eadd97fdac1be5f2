using Coppice.Foundation;
using Coppice.Models;
using Coppice.Tensors;

namespace Coppice.Adapters.Methods;

/// <summary>
/// Adds diag(b) · B · diag(d) · A, where B and A are random, frozen and the same for all targets, and only the vectors d and b are trained. A and B are as wide and
/// tall as the largest target needs. They begin evenly distributed within √(6 / columns), d as one number, b as 0. There is no alpha.
/// </summary>
[Technique("vera", Title = "VeRA: Vector-based Random Matrix Adaptation", Paper = "arXiv:2310.11454")]
public sealed class Vera : AdapterMethod
{
    internal const string SharedA = "vera_A";
    internal const string SharedB = "vera_B";

    private const string Inner = ".vera_lambda_d";
    private const string Outer = ".vera_lambda_b";

    /// <inheritdoc/>
    public override string Name => "vera";

    /// <summary>r + outputs.</summary>
    /// <inheritdoc/>
    public override long CountOf(TargetModule target) => (long)target.Rank + target.Outputs;

    internal override IReadOnlyList<TargetModule> Targets(LanguageModel model, AdapterSettings settings)
    {
        if (settings.RankPattern.Count > 0) throw CoppiceException.Usage("vera has one rank for all targets: rank_pattern means nothing to it");
        return TargetSelection.Select(model, settings, settings.Targets ?? UsualTargets.OfLowRank(model.Configuration));
    }

    internal override IEnumerable<ParameterSpecification> Trained(TargetModule target) =>
    [
        new(target.Name + Inner, new Shape(target.Rank)),
        new(target.Name + Outer, new Shape(target.Outputs)),
    ];

    internal override IEnumerable<ParameterSpecification> Frozen(AdapterSettings settings, IReadOnlyList<TargetModule> targets) =>
    [
        new(SharedA, new Shape(settings.Rank, targets.Max(target => target.Inputs))),
        new(SharedB, new Shape(targets.Max(target => target.Outputs), settings.Rank)),
    ];

    internal override void Initialize(AdapterParts parts, ulong seed)
    {
        foreach (var name in new[] { SharedA, SharedB }) FillUniform(parts.Frozen[name], Math.Sqrt(6.0 / parts.Frozen[name].Shape.Columns), seed);
        foreach (var target in parts.Targets)
        {
            var inner = parts.Trained[target.Name + Inner].Tensor;
            inner.CopyFrom([.. Enumerable.Repeat((float)parts.Settings.InitialD, (int)inner.Count)]);
        }
    }

    internal override WeightDelta CreateDelta(AdapterParts parts, TargetModule target) => Delta(parts, target);

    internal static SharedProjectionDelta Delta(AdapterParts parts, TargetModule target) =>
        new(parts.Frozen[SharedA], parts.Frozen[SharedB], parts.Trained[target.Name + Inner], parts.Trained[target.Name + Outer]);
}
