using Coppice.Foundation;
using Coppice.Models;
using Coppice.Tensors;

namespace Coppice.Adapters.Methods;

/// <summary>Methods that add a product of three: W' = W + s · B · diag(e) · A, where e says how much each pair of a column of B and a row of A counts.</summary>
public abstract class SingularMethod : AdapterMethod
{
    private protected const string A = ".lora_A";
    private protected const string B = ".lora_B";
    private protected const string E = ".lora_E";

    // What A and B begin with: normal numbers of this size.
    private const double Deviation = 0.02;

    /// <summary>r · (inputs + outputs + 1).</summary>
    /// <inheritdoc/>
    public override long CountOf(TargetModule target) => (long)target.Rank * (target.Inputs + target.Outputs + 1);

    internal override bool TakesDropout => true;

    internal override IReadOnlyList<TargetModule> Targets(LanguageModel model, AdapterSettings settings)
    {
        if (settings.RankPattern.Count > 0 || settings.AlphaPattern.Count > 0) throw CoppiceException.Usage($"'{Name}' finds the rank of each target itself: rank_pattern and alpha_pattern mean nothing to it");
        if (settings.RankStabilized) throw CoppiceException.Usage($"'{Name}' has a scale of its own: it can't be rank-stabilised");
        return TargetSelection.Select(model, settings, settings.Targets ?? UsualTargets.OfLowRank(model.Configuration));
    }

    internal override IEnumerable<ParameterSpecification> Trained(TargetModule target) =>
    [
        new(target.Name + A, new Shape(target.Rank, target.Inputs)),
        new(target.Name + B, new Shape(target.Outputs, target.Rank)),
        new(target.Name + E, new Shape(target.Rank, 1)),
    ];

    internal override void Initialize(AdapterParts parts, ulong seed)
    {
        foreach (var target in parts.Targets)
        {
            FillNormal(parts.Trained[target.Name + A], Deviation, seed);
            FillNormal(parts.Trained[target.Name + B], Deviation, seed);
        }
    }

    internal override WeightDelta CreateDelta(AdapterParts parts, TargetModule target)
    {
        var factors = FactorsOf(parts, target);
        return new SingularDelta(factors.A, factors.E, factors.B, Scale(parts.Settings), parts.Settings.Dropout);
    }

    /// <summary>s, the same for all targets and for ever, however many components count.</summary>
    internal abstract double Scale(AdapterSettings settings);

    internal override IReadOnlyList<LoraFactors>? Factors(AdapterParts parts) => [.. parts.Targets.Select(target => Compacted(parts, target))];

    internal static SingularFactors FactorsOf(AdapterParts parts, TargetModule target) =>
        new(parts.Trained[target.Name + A], parts.Trained[target.Name + E], parts.Trained[target.Name + B]);

    /// <summary>Which components of a target count for something; the first where none does, as an adapter with a hole has no form.</summary>
    internal static bool[] Kept(AdapterParts parts, TargetModule target)
    {
        var kept = Array.ConvertAll(parts.Trained[target.Name + E].Tensor.ToArray(), value => value != 0);
        if (!kept.Contains(true)) kept[0] = true;
        return kept;
    }

    /// <summary>The rows of a matrix that are kept.</summary>
    private protected static float[] Rows(float[] values, bool[] kept)
    {
        var columns = values.Length / kept.Length;
        return [.. values.Where((_, i) => kept[i / columns])];
    }

    /// <summary>The columns of a matrix that are kept.</summary>
    private protected static float[] Columns(float[] values, bool[] kept) => [.. values.Where((_, i) => kept[i % kept.Length])];

    /// <summary>What counts of a target as a LoRA.</summary>
    private LoraFactors Compacted(AdapterParts parts, TargetModule target)
    {
        var (factors, kept) = (FactorsOf(parts, target), Kept(parts, target));
        var a = SingularDelta.ScaledRows(factors.A.Tensor.ToArray(), factors.E.Tensor.ToArray());
        return new LoraFactors(target.Name, kept.Count(isKept => isKept), Scale(parts.Settings), Rows(a, kept), Columns(factors.B.Tensor.ToArray(), kept));
    }
}
