using Coppice.Foundation;
using Coppice.Tensors;

namespace Coppice.Adapters.Methods;

/// <summary>
/// LoRA whose factors begin as a part of the weight itself, and the weight without that part is what stays frozen. It is kept as W + s · (B · A - B₀ · A₀): the
/// base keeps its values, and switched off is the base. Files hold it as a LoRA of twice the rank, which is the same function on the untouched base.
/// </summary>
public abstract class FactorizedLora : Lora
{
    private const string InitialA = ".initial_A";
    private const string InitialB = ".initial_B";

    internal override IEnumerable<ParameterSpecification> Frozen(AdapterSettings settings, IReadOnlyList<TargetModule> targets) => targets.SelectMany(target => new ParameterSpecification[]
    {
        new(target.Name + InitialA, new Shape(target.Rank, target.Inputs)),
        new(target.Name + InitialB, new Shape(target.Outputs, target.Rank)),
    });

    internal override void Initialize(AdapterParts parts, ulong seed)
    {
        foreach (var target in parts.Targets)
        {
            var most = Math.Min(target.Inputs, target.Outputs);
            if (target.Rank > most) throw CoppiceException.Usage($"'{Name}' of rank {target.Rank}: '{target.Name}' has {target.Inputs} inputs and {target.Outputs} outputs, so {most} is the most");
            var (b, a) = Factorize(ReadWeight(target), target, parts.ScaleOf(target), seed);
            foreach (var (set, suffix) in new[] { (parts.Trained, A), (parts.Frozen, InitialA) }) set[target.Name + suffix].Tensor.CopyFrom(a);
            foreach (var (set, suffix) in new[] { (parts.Trained, B), (parts.Frozen, InitialB) }) set[target.Name + suffix].Tensor.CopyFrom(b);
        }
    }

    internal override WeightDelta CreateDelta(AdapterParts parts, TargetModule target) => new LowRankDelta(
        parts.Trained[target.Name + A], parts.Trained[target.Name + B], parts.ScaleOf(target), (parts.Frozen[target.Name + InitialA], parts.Frozen[target.Name + InitialB]));

    /// <summary>The first factors of a target: B₀ [outputs, rank] and A₀ [rank, inputs].</summary>
    /// <param name="weight">[outputs, inputs].</param>
    /// <param name="target">The target.</param>
    /// <param name="scale">s, by which their product is multiplied.</param>
    /// <param name="seed">Decides random numbers.</param>
    private protected abstract (float[] B, float[] A) Factorize(float[] weight, TargetModule target, double scale, ulong seed);

    /// <summary>What files hold in place of the trained factors: [A; A₀] and [B, -B₀].</summary>
    internal static IEnumerable<(string Name, Shape Shape, float[] Values)> Doubled(AdapterParts parts, TargetModule target)
    {
        var (a, firstA) = (parts.Trained[target.Name + A].Tensor.ToArray(), parts.Frozen[target.Name + InitialA].Tensor.ToArray());
        var (b, firstB) = (parts.Trained[target.Name + B].Tensor.ToArray(), parts.Frozen[target.Name + InitialB].Tensor.ToArray());
        var (rank, both) = (target.Rank, new float[2 * b.Length]);
        for (var row = 0; row < target.Outputs; row++)
        {
            for (var k = 0; k < rank; k++)
            {
                both[2 * rank * row + k] = b[rank * row + k];
                both[2 * rank * row + rank + k] = -firstB[rank * row + k];
            }
        }

        yield return (target.Name + A, new Shape(2 * rank, target.Inputs), [.. a, .. firstA]);
        yield return (target.Name + B, new Shape(target.Outputs, 2 * rank), both);
    }
}
