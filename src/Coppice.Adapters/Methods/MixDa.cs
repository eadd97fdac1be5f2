using Coppice.Foundation;
using Coppice.Models;
using Coppice.Tensors;

namespace Coppice.Adapters.Methods;

/// <summary>Of MixDA: the domain adapters of the first stage, all of one size.</summary>
public sealed record MixtureSettings
{
    /// <summary>Their names, which become part of the names of tensors.</summary>
    public IReadOnlyList<string> Domains { get; init; } = [];

    /// <summary>The layers that they are in.</summary>
    public IReadOnlyList<int> Layers { get; init; } = [];

    /// <summary>Width of their bottlenecks.</summary>
    public int Width { get; init; } = 8;

    /// <summary>Width of the gates.</summary>
    public int GateWidth { get; init; } = 64;
}

/// <summary>
/// The second stage of MixDA: frozen domain adapters side by side, a gate that says token by token how much each counts, and behind every MLP a task adapter as
/// <see cref="Pfeiffer"/> has it, with swish. Gates and task adapters are trained. A gate begins by counting all the same. The paper's gate reads the last position of
/// the text, which a causal model has not seen yet; this one reads the token alone.
/// </summary>
[Technique("mixda", Title = "Mixture-of-Domain-Adapters: Decoupling and Injecting Domain Knowledge to Pre-trained Language Models' Memories", Paper = "arXiv:2306.05406")]
public sealed class MixDa : BottleneckAdapter
{
    private static readonly string[] GateLayers = [".mixture_gate.0", ".mixture_gate.2", ".mixture_gate.4"];

    /// <inheritdoc/>
    public override string Name => "mixda";

    private protected override PointwiseFunction Activation => PointwiseFunction.Silu;

    /// <summary>2 d m + d + m in every layer, and in those with domain adapters a gate of width g for n of them: g (d + g + n + 3) + n + 1.</summary>
    /// <inheritdoc/>
    public override long CountOf(LanguageModel model, AdapterSettings settings, IReadOnlyList<TargetModule> targets)
    {
        var (gate, domains) = ((long)Of(settings).GateWidth, (long)Of(settings).Domains.Count);
        return base.CountOf(model, settings, targets) + MixedOf(settings, targets).Sum(target => gate * (target.Outputs + gate + domains + 3) + domains + 1);
    }

    /// <summary>Adds an adapter that mixes domain adapters. These are copied and stay as they are.</summary>
    /// <param name="set">The adapters of the base.</param>
    /// <param name="name">The new adapter's name.</param>
    /// <param name="settings">Its settings; <see cref="AdapterSettings.Rank"/> is the width of the task adapters. What they say of domains is overwritten.</param>
    /// <param name="domains">Names and contents of domain adapters, all of the same layers and width.</param>
    /// <param name="seed">Decides the first values.</param>
    /// <exception cref="CoppiceException">There are no domain adapters, or they don't go together.</exception>
    public static Adapter Join(AdapterSet set, string name, AdapterSettings settings, IReadOnlyList<(string Domain, AdapterContents Adapter)> domains, ulong seed)
    {
        if (domains.Count == 0) throw CoppiceException.Usage("mixda needs domain adapters to mix");
        var layouts = domains.Select(domain => domain.Adapter.Settings.Method == "mixda-domain" ? AdapterLayout.Of(set.Model, domain.Adapter.Settings) : throw CoppiceException.Usage($"'{domain.Domain}' is no domain adapter: its method is {domain.Adapter.Settings.Method}")).ToList();
        var (names, first) = (domains.Select(domain => domain.Domain).ToList(), layouts[0].Targets);
        if (names.Distinct(StringComparer.Ordinal).Count() < names.Count || names.Any(domain => domain.Length == 0 || domain.Contains('.', StringComparison.Ordinal))) throw CoppiceException.Usage("the names of domains are different from each other, not empty and without dots");
        if (layouts.Any(layout => !layout.Targets.Select(target => (target.Name, target.Rank)).SequenceEqual(first.Select(target => (target.Name, target.Rank))) || layout.Targets.Any(target => target.Rank != first[0].Rank)) || domains.Any(domain => domain.Adapter.Settings.Bottleneck is not null))
            throw CoppiceException.Usage("domain adapters that are mixed have the same layers, the same width, and activation and scale as usual");
        var mixture = Of(settings) with { Domains = names, Layers = [.. first.Select(target => TargetSelection.LayerOf(target.Name, [])!.Value)], Width = first[0].Rank };
        var method = (MixDa)AdapterMethods.Find("mixda");
        return set.Add(name, AdapterLayout.Of(set.Model, settings with { Method = "mixda", Mixture = mixture }), trainable: true, adapter =>
        {
            method.Begin(adapter.Parts, seed);
            foreach (var (domain, contents) in domains)
            {
                foreach (var tensor in contents.Tensors) adapter.Frozen[Prefix(domain) + tensor.Name].Tensor.CopyFrom(tensor.Values);
            }
        });
    }

    internal override (IEnumerable<ParameterSpecification> Trained, IEnumerable<ParameterSpecification> Frozen) Specify(LanguageModel model, AdapterSettings settings, IReadOnlyList<TargetModule> targets)
    {
        var (mixture, mixed) = (Of(settings), MixedOf(settings, targets).ToList());
        if (mixture.Domains.Count == 0 || mixed.Count != mixture.Layers.Count) throw CoppiceException.Usage("mixda mixes trained domain adapters (of the method mixda-domain): name them, and the layers that they are in");
        if (mixture.Width < 1 || mixture.GateWidth < 1) throw CoppiceException.Usage("the widths of mixda's adapters and gates are at least 1");
        var gates = mixed.SelectMany(target => Gate(target, mixture));
        var frozen = mixture.Domains.SelectMany(domain => mixed.SelectMany(target => Domain.Trained(target with { Rank = mixture.Width })).Select(part => part with { Name = Prefix(domain) + part.Name }));
        return ([.. targets.SelectMany(target => Trained(target)), .. gates], frozen);
    }

    internal override void Initialize(AdapterParts parts, ulong seed) => throw CoppiceException.Usage("mixda begins with trained domain adapters: train those with the method mixda-domain, and join them");

    internal override AdapterWiring Wire(AdapterParts parts)
    {
        var (mixture, mixed) = (Of(parts.Settings), MixedOf(parts.Settings, parts.Targets).ToHashSet());
        var deltas = new List<(ProjectionSlot, WeightDelta)>();
        foreach (var target in parts.Targets)
        {
            var task = new ResidualDelta(Module(parts, target), Pfeiffer.NormBehind(parts.Model, target.Name));
            if (!mixed.Contains(target))
            {
                deltas.Add((target.Slot, task));
                continue;
            }

            var tap = new InputTap();
            var modules = mixture.Domains.Select(domain => Domain.ModuleOf(parts.Frozen, Prefix(domain) + target.Name)).ToList();
            var gate = GateLayers.Select(layer => (parts.Trained[target.Name + layer + ".weight"], parts.Trained[target.Name + layer + ".bias"])).ToList();
            deltas.Add((BlockSites.MlpInputOf(parts.Model, target.Slot), tap));
            deltas.Add((target.Slot, new ComposedDelta(new AdaptedProjection(target.Slot.Own, new MixtureDelta(modules, gate, tap, target.Outputs)), task)));
        }

        return new AdapterWiring(deltas);
    }

    internal override WeightDelta CreateDelta(AdapterParts parts, TargetModule target) => throw new InvalidOperationException("The parts of a mixture are wired together.");

    private protected override TargetPattern Sites(LanguageModel model) => BlockSites.MlpOutputs(model);

    private protected override void InitializeDown(Parameter down, ulong seed) => FillNormal(down, 0.02, seed);

    private static DomainAdapter Domain { get; } = new();

    private static MixtureSettings Of(AdapterSettings settings) => settings.Mixture ?? new MixtureSettings();

    private static string Prefix(string domain) => $"mixture.{domain}.";

    private static IEnumerable<TargetModule> MixedOf(AdapterSettings settings, IReadOnlyList<TargetModule> targets) =>
        targets.Where(target => TargetSelection.LayerOf(target.Name, []) is { } layer && Of(settings).Layers.Contains(layer));

    private static IEnumerable<ParameterSpecification> Gate(TargetModule target, MixtureSettings mixture)
    {
        int[] widths = [target.Outputs, mixture.GateWidth, mixture.GateWidth, mixture.Domains.Count + 1];
        for (var layer = 0; layer < GateLayers.Length; layer++)
        {
            yield return new ParameterSpecification(target.Name + GateLayers[layer] + ".weight", new Shape(widths[layer + 1], widths[layer]));
            yield return new ParameterSpecification(target.Name + GateLayers[layer] + ".bias", new Shape(widths[layer + 1]));
        }
    }

    private void Begin(AdapterParts parts, ulong seed)
    {
        base.Initialize(parts, seed);
        foreach (var target in MixedOf(parts.Settings, parts.Targets))
        {
            // The last layer stays 0: all options count the same.
            foreach (var layer in GateLayers[..^1]) FillUniform(parts.Trained[target.Name + layer + ".weight"], 1 / Math.Sqrt(parts.Trained[target.Name + layer + ".weight"].Shape.Columns), seed);
        }
    }
}
