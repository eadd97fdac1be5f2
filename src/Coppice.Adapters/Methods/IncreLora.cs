using Coppice.Foundation;
using Coppice.Models;
using Coppice.Tensors;

namespace Coppice.Adapters.Methods;

/// <summary>What IncreLoRA is told beside the rank, which is the most that a target can come to. Defaults are the paper's.</summary>
public sealed record IncreLoraSettings
{
    /// <summary>The mean rank at the end; 0 for a quarter of the most.</summary>
    public int TargetRank { get; init; }

    /// <summary>Components that a target gets when it grows, and has in reserve until then; 0 for half the mean rank at the end.</summary>
    public int Reserve { get; init; }

    /// <summary>Steps before the first target grows.</summary>
    public long WarmUp { get; init; } = 1000;

    /// <summary>Steps from one growth to the next.</summary>
    public long Interval { get; init; } = 1000;

    /// <summary>Targets that grow at a time.</summary>
    public int Growing { get; init; } = 2;

    /// <summary>What the running mean of the sensitivity keeps of itself.</summary>
    public double Beta1 { get; init; } = 0.85;

    /// <summary>What the running mean of the uncertainty keeps of itself.</summary>
    public double Beta2 { get; init; } = 0.85;

    /// <summary>Factor of the penalty that keeps the factors orthonormal.</summary>
    public double Orthogonality { get; init; } = 0.1;
}

/// <summary>
/// LoRA as a product of three whose targets begin with one component and grow where that matters. Components in reserve train their row of A and column of B already,
/// with an e of 1e-5 that does not move. The scale is alpha over the mean rank at the end, for ever: the published one, over the current rank, changes all that was learned at
/// each growth. Files hold it as the LoRA that it has become.
/// </summary>
[Technique("increlora", Title = "IncreLoRA: Incremental Parameter Allocation Method for Parameter-Efficient Fine-tuning", Paper = "arXiv:2308.12043")]
public sealed class IncreLora : SingularMethod
{
    /// <summary>e of components in reserve.</summary>
    internal const float ReserveValue = 1e-5f;

    /// <inheritdoc/>
    public override string Name => "increlora";

    internal override void Initialize(AdapterParts parts, ulong seed)
    {
        base.Initialize(parts, seed);
        foreach (var target in parts.Targets)
        {
            var values = new float[target.Rank];
            Array.Fill(values, ReserveValue, 1, Math.Min(Reserve(parts.Settings), target.Rank - 1));
            parts.Trained[target.Name + E].Tensor.CopyFrom(values);
        }
    }

    internal override double Scale(AdapterSettings settings) => settings.Alpha / TargetRank(settings);

    internal override AdapterTraining CreateTraining(AdapterParts parts, long steps)
    {
        var settings = parts.Settings.IncreLora ?? new IncreLoraSettings();
        var factors = parts.Targets.Select(target => FactorsOf(parts, target)).ToList();
        return new AdapterTraining(
            new IncreLoraGrowth(parts.Trained, factors, TargetRank(parts.Settings) * factors.Count, Reserve(parts.Settings), settings),
            new FactorPenalty(factors, settings.Orthogonality / (2 * factors.Count), decay: 0));
    }

    internal override AdapterContents Contents(AdapterParts parts, AdapterContents everything) => AsLora(parts, everything);

    internal static int TargetRank(AdapterSettings settings)
    {
        var rank = settings.IncreLora?.TargetRank ?? 0;
        if (rank < 0 || rank > settings.Rank) throw CoppiceException.Usage($"increlora with a target rank of {rank}: from 1 to the most that a target can have, {settings.Rank}, is expected");
        return rank > 0 ? rank : (settings.Rank + 3) / 4;
    }

    internal static int Reserve(AdapterSettings settings)
    {
        var reserve = settings.IncreLora?.Reserve ?? 0;
        if (reserve < 0) throw CoppiceException.Usage($"increlora with {reserve} components in reserve: 1 is the least");
        return reserve > 0 ? reserve : Math.Max(1, TargetRank(settings) / 2);
    }
}
