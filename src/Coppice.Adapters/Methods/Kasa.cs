using Coppice.Foundation;
using Coppice.Models;
using Coppice.Tensors;

namespace Coppice.Adapters.Methods;

/// <summary>What KaSA is told beside the rank. Defaults are the paper's.</summary>
public sealed record KasaSettings
{
    /// <summary>Factor of the penalty on the squares of the values in the middle.</summary>
    public double Beta { get; init; } = 1e-4;

    /// <summary>Factor of the penalty that keeps the factors orthonormal.</summary>
    public double Gamma { get; init; } = 1e-3;
}

/// <summary>
/// Takes the r smallest singular components off the weight and adds W' = … + alpha / r · B · diag(e) · A. A begins evenly distributed within 1 / √inputs, B as 0, e as normal numbers. So
/// a new adapter is not the base, but the base without those components; switched off it is the base, to the bit. Files hold a LoRA of twice the rank, which is the same on
/// the untouched base.
/// </summary>
[Technique("kasa", Title = "KaSA: Knowledge-Aware Singular-Value Adaptation of Large Language Models", Paper = "arXiv:2412.06071")]
public sealed class Kasa : Lora
{
    private const string Diagonal = ".lora_diag";
    private const string RemovedA = ".removed_A";
    private const string RemovedB = ".removed_B";

    /// <inheritdoc/>
    public override string Name => "kasa";

    /// <summary>r · (inputs + outputs + 1).</summary>
    /// <inheritdoc/>
    public override long CountOf(TargetModule target) => base.CountOf(target) + target.Rank;

    internal override IEnumerable<ParameterSpecification> Trained(TargetModule target) => [.. base.Trained(target), new(target.Name + Diagonal, new Shape(target.Rank))];

    internal override IEnumerable<ParameterSpecification> Frozen(AdapterSettings settings, IReadOnlyList<TargetModule> targets) => targets.SelectMany(target => new ParameterSpecification[]
    {
        new(target.Name + RemovedA, new Shape(target.Rank, target.Inputs)),
        new(target.Name + RemovedB, new Shape(target.Outputs, target.Rank)),
    });

    internal override void Initialize(AdapterParts parts, ulong seed)
    {
        base.Initialize(parts, seed);
        foreach (var target in parts.Targets)
        {
            FillNormal(parts.Trained[target.Name + Diagonal], 1, seed);
            var (inputs, outputs, rank) = (target.Inputs, target.Outputs, target.Rank);
            var most = Math.Min(inputs, outputs);
            if (rank >= most) throw CoppiceException.Usage($"kasa of rank {rank} leaves nothing of '{target.Name}', which has {most} singular values");
            var svd = TruncatedSvd.Of(target.ReadWeight(), outputs, inputs, most, Initial.RandomOf(target.Name + ".kasa", seed));
            var (b, a) = (new float[outputs * rank], new float[rank * inputs]);
            for (var k = 0; k < rank; k++)
            {
                var from = most - rank + k;
                for (var row = 0; row < outputs; row++) b[row * rank + k] = (float)(svd.Values[from] * svd.Left[from][row]);
                for (var column = 0; column < inputs; column++) a[k * inputs + column] = (float)svd.Right[from][column];
            }

            parts.Frozen[target.Name + RemovedA].Tensor.CopyFrom(a);
            parts.Frozen[target.Name + RemovedB].Tensor.CopyFrom(b);
        }
    }

    internal override WeightDelta CreateDelta(AdapterParts parts, TargetModule target)
    {
        var factors = FactorsOf(parts, target);
        return new SingularDelta(factors.A, factors.E, factors.B, parts.ScaleOf(target), parts.Settings.Dropout, (parts.Frozen[target.Name + RemovedA], parts.Frozen[target.Name + RemovedB]));
    }

    internal override AdapterTraining CreateTraining(AdapterParts parts, long steps)
    {
        var settings = parts.Settings.Kasa ?? new KasaSettings();
        if (!(settings.Beta >= 0 && settings.Gamma >= 0)) throw CoppiceException.Usage("the penalties of kasa can't be below 0");
        var count = parts.Targets.Count;
        return new AdapterTraining(null, new FactorPenalty([.. parts.Targets.Select(target => FactorsOf(parts, target))], settings.Gamma / count, settings.Beta / count));
    }

    internal override AdapterContents Contents(AdapterParts parts, AdapterContents everything) => AsLora(parts, everything);

    /// <summary>[diag(e) · A; A₀] and [B, -B₀ / s].</summary>
    internal override IReadOnlyList<LoraFactors>? Factors(AdapterParts parts) => [.. parts.Targets.Select(target =>
    {
        var (factors, rank, scale) = (FactorsOf(parts, target), target.Rank, parts.ScaleOf(target));
        if (scale == 0) throw CoppiceException.Usage("kasa is saved as a LoRA whose scale has to be other than 0: alpha is 0");
        var a = SingularDelta.ScaledRows(factors.A.Tensor.ToArray(), factors.E.Tensor.ToArray());
        var (b, removed) = (factors.B.Tensor.ToArray(), parts.Frozen[target.Name + RemovedB].Tensor.ToArray());
        var both = new float[2 * b.Length];
        for (var i = 0; i < b.Length; i++)
        {
            var (row, k) = Math.DivRem(i, rank);
            both[2 * rank * row + k] = b[i];
            both[2 * rank * row + rank + k] = (float)(-removed[i] / scale);
        }

        return new LoraFactors(target.Name, 2 * rank, scale, [.. a, .. parts.Frozen[target.Name + RemovedA].Tensor.ToArray()], both);
    })];

    private static SingularFactors FactorsOf(AdapterParts parts, TargetModule target) =>
        new(parts.Trained[target.Name + A], parts.Trained[target.Name + Diagonal], parts.Trained[target.Name + B]);
}
