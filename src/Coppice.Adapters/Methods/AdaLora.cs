using Coppice.Foundation;
using Coppice.Models;
using Coppice.Tensors;

namespace Coppice.Adapters.Methods;

/// <summary>What AdaLoRA is told beside the rank, which every target begins with. Defaults are PEFT's.</summary>
public sealed record AdaLoraSettings
{
    /// <summary>The mean rank at the end; 0 for two thirds of the first.</summary>
    public int TargetRank { get; init; }

    /// <summary>Steps before the first component is switched off.</summary>
    public long WarmUp { get; init; }

    /// <summary>Steps at the end with the components that were chosen last.</summary>
    public long Final { get; init; }

    /// <summary>Steps between two choices.</summary>
    public long Interval { get; init; } = 1;

    /// <summary>What the running mean of the sensitivity keeps of itself.</summary>
    public double Beta1 { get; init; } = 0.85;

    /// <summary>What the running mean of the uncertainty keeps of itself.</summary>
    public double Beta2 { get; init; } = 0.85;

    /// <summary>Factor of the penalty that keeps the factors orthonormal.</summary>
    public double Orthogonality { get; init; } = 0.5;

    /// <summary>Of an adapter from a file: which of the first components of a target are there. Empty for all.</summary>
    public IReadOnlyList<KeyValuePair<string, bool[]>> Kept { get; init; } = [];
}

/// <summary>
/// LoRA as a product of three that spends its rank where it matters: components of all targets compete, and those that matter least are switched off until the mean
/// rank is the one that is wanted. W' = W + alpha / (r + 1e-5) · B · diag(e) · A; A and B begin as small normal numbers, e as 0.
/// </summary>
[Technique("adalora", Title = "Adaptive Budget Allocation for Parameter-Efficient Fine-Tuning", Paper = "arXiv:2303.10512")]
public sealed class AdaLora : SingularMethod
{
    // The published divisor, which stays that of the first rank whatever is switched off.
    private const double Epsilon = 1e-5;

    /// <inheritdoc/>
    public override string Name => "adalora";

    internal override IReadOnlyList<TargetModule> Targets(LanguageModel model, AdapterSettings settings)
    {
        var targets = base.Targets(model, settings);
        var kept = (settings.AdaLora?.Kept ?? []).ToDictionary(pair => pair.Key, pair => pair.Value, StringComparer.Ordinal);
        if (kept.Keys.FirstOrDefault(name => !targets.Any(target => target.Name == name)) is { } stranger) throw new CoppiceException($"rank_pattern: '{stranger}' is no target of the adapter");
        if (kept.FirstOrDefault(pair => pair.Value.Length != settings.Rank || !pair.Value.Contains(true)) is { Key: { } wrong })
            throw new CoppiceException($"rank_pattern: '{wrong}' has to say of {settings.Rank} components which are kept, and keep one");
        return [.. targets.Select(target => kept.TryGetValue(target.Name, out var components) ? target with { Rank = components.Count(isKept => isKept) } : target)];
    }

    internal override double Scale(AdapterSettings settings) => settings.Alpha / (settings.Rank + Epsilon);

    internal override AdapterTraining CreateTraining(AdapterParts parts, long steps)
    {
        var settings = parts.Settings.AdaLora ?? new AdaLoraSettings();
        var factors = parts.Targets.Select(target => FactorsOf(parts, target)).ToList();
        return new AdapterTraining(
            new AdaLoraAllocation(parts.Trained, factors, new RankBudget(factors.Sum(target => target.Rank), TargetRank(parts.Settings) * factors.Count, settings.WarmUp, settings.Final, steps), settings),
            new FactorPenalty(factors, settings.Orthogonality / (2 * factors.Count), decay: 0));
    }

    /// <summary>Without the components that are switched off, where some count and others do not.</summary>
    internal override AdapterContents Contents(AdapterParts parts, AdapterContents everything)
    {
        var settings = parts.Settings;
        var kept = parts.Targets.ToDictionary(target => target.Name, target => Kept(parts, target), StringComparer.Ordinal);
        var counts = parts.Targets.Any(target => parts.Trained[target.Name + E].Tensor.ToArray().Any(value => value != 0));
        if (!counts || kept.Values.All(components => !components.Contains(false))) return everything;
        var before = (settings.AdaLora?.Kept ?? []).ToDictionary(pair => pair.Key, pair => pair.Value, StringComparer.Ordinal);
        return everything with
        {
            Settings = settings with { AdaLora = (settings.AdaLora ?? new AdaLoraSettings()) with { Kept = [.. kept.Select(pair => KeyValuePair.Create(pair.Key, Within(before.GetValueOrDefault(pair.Key), pair.Value)))] } },
            Tensors = [.. everything.Tensors.Select(tensor => Compacted(tensor, kept))],
        };
    }

    internal static int TargetRank(AdapterSettings settings)
    {
        var rank = settings.AdaLora?.TargetRank ?? 0;
        if (rank < 0 || rank > settings.Rank) throw CoppiceException.Usage($"adalora with a target rank of {rank}: from 1 to the first rank, {settings.Rank}, is expected");
        return rank > 0 ? rank : (2 * settings.Rank + 2) / 3;
    }

    /// <summary>Which of the first components are kept, of those that a file had kept before.</summary>
    private static bool[] Within(bool[]? before, bool[] kept)
    {
        if (before is null) return kept;
        var next = 0;
        return [.. before.Select(was => was && kept[next++])];
    }

    private static AdapterTensor Compacted(AdapterTensor tensor, Dictionary<string, bool[]> kept)
    {
        foreach (var suffix in new[] { A, B, E })
        {
            if (!tensor.Name.EndsWith(suffix, StringComparison.Ordinal) || !kept.TryGetValue(tensor.Name[..^suffix.Length], out var components)) continue;
            var rank = components.Count(isKept => isKept);
            return suffix == B
                ? tensor with { Shape = new Shape(tensor.Shape[0], rank), Values = Columns(tensor.Values, components) }
                : tensor with { Shape = new Shape(rank, tensor.Shape[1]), Values = Rows(tensor.Values, components) };
        }

        return tensor;
    }
}
