using Coppice.Foundation;
using Coppice.Models;
using Coppice.Tensors;

namespace Coppice.Adapters.Methods;

/// <summary>What an adapter is made of, on its way into memory.</summary>
/// <param name="Model">The base.</param>
/// <param name="Settings">The settings.</param>
/// <param name="Targets">The projections that change; empty for methods that train parameters of the base.</param>
/// <param name="Trained">What is trained, with the copies of the base's parameters that are.</param>
/// <param name="Frozen">What is fixed, not part of the base and not trained.</param>
internal sealed record AdapterParts(LanguageModel Model, AdapterSettings Settings, IReadOnlyList<TargetModule> Targets, ParameterSet Trained, ParameterSet Frozen)
{
    /// <summary>s of a target: alpha over the rank, or over its root.</summary>
    public double ScaleOf(TargetModule target) => Settings.RankStabilized ? RsLora.Scale(target.Alpha, target.Rank) : target.Alpha / target.Rank;
}

/// <summary>A way of fine-tuning with few parameters. A new one is a file with a class of this kind and a line in <see cref="AdapterMethods"/>.</summary>
public abstract class AdapterMethod
{
    /// <summary>Its name in recipes.</summary>
    public abstract string Name { get; }

    /// <summary>The number of parameters that are trained for a target, by the formula of the method's source.</summary>
    /// <param name="target">The target.</param>
    public abstract long CountOf(TargetModule target);

    /// <summary>The projections that change.</summary>
    internal abstract IReadOnlyList<TargetModule> Targets(LanguageModel model, AdapterSettings settings);

    /// <summary>The parameters of a target: names are PEFT's.</summary>
    internal abstract IEnumerable<ParameterSpecification> Trained(TargetModule target);

    /// <summary>What is fixed and no part of the base.</summary>
    internal virtual IEnumerable<ParameterSpecification> Frozen(AdapterSettings settings, IReadOnlyList<TargetModule> targets) => [];

    /// <summary>The parameters of the base that are trained besides: their names.</summary>
    internal virtual IEnumerable<string> BaseParameters(LanguageModel model, AdapterSettings settings, IReadOnlyList<TargetModule> targets)
    {
        var names = model.Parameters.Parameters.Select(parameter => parameter.Name).ToList();
        var chosen = new HashSet<string>(StringComparer.Ordinal);
        if (settings.Bias == BiasTraining.All) chosen.UnionWith(names.Where(name => name.EndsWith(".bias", StringComparison.Ordinal)));
        if (settings.Bias == BiasTraining.TargetsOnly) chosen.UnionWith(targets.Select(target => target.Name + ".bias").Where(name => model.Parameters.TryGet(name, out _)));
        foreach (var module in settings.ModulesToSave)
        {
            var found = names.Where(name => TargetPattern.IsEnd(ModuleOf(name), module)).ToList();
            if (found.Count == 0) throw CoppiceException.Usage($"modules_to_save: '{module}' is no module of the {model.Configuration.ModelType} model{NearestName.Hint(module, names.Select(ModuleOf).Select(LastName).Distinct())}");
            chosen.UnionWith(found);
        }

        RefuseUntrainable(model, chosen);
        return names.Where(chosen.Contains);
    }

    /// <summary>Gives the parameters their first values, which depend on the seed and their names alone. All are zero before.</summary>
    internal abstract void Initialize(AdapterParts parts, ulong seed);

    /// <summary>What the adapter makes of a target. The base is as it was opened.</summary>
    internal abstract WeightDelta CreateDelta(AdapterParts parts, TargetModule target);

    /// <summary>The module of a parameter: its name without the last part.</summary>
    private protected static string ModuleOf(string parameter) => parameter[..Math.Max(0, parameter.LastIndexOf('.'))];

    /// <summary>Refuses what can't be trained beside a base: a quantised one has no float32 copy, and a matrix that is embedding and head at once would, as the one in a file, silently be the other too.</summary>
    private protected static void RefuseUntrainable(LanguageModel model, IReadOnlySet<string> chosen)
    {
        if (model.Quantized is { } quantized)
        {
            if (chosen.Count > 0) throw CoppiceException.Usage($"the model's weights are quantised ({quantized.Quantization.ToString().ToLowerInvariant()}): adapters that train parameters of the base need a base in float32");
            return;
        }

        if (model.Configuration.TieEmbeddings && chosen.Contains(model.Embedding.Name))
            throw CoppiceException.Usage($"'{model.Embedding.Name}' is embedding and head in one (tie_word_embeddings): it can't be trained as one of the two");
    }

    /// <summary>Fills a matrix with values that are evenly distributed between -bound and bound.</summary>
    private protected static void FillUniform(Parameter parameter, double bound, ulong seed)
    {
        var random = Initial.RandomOf(parameter.Name, seed);
        var values = new float[parameter.Count];
        for (var i = 0; i < values.Length; i++) values[i] = (float)(bound * (2 * random.UniformDouble((ulong)i) - 1));
        parameter.Tensor.CopyFrom(values);
    }

    /// <summary>The weight of a target whose method has to read it.</summary>
    private protected float[] ReadWeight(TargetModule target) =>
        target.ReadWeight() ?? throw CoppiceException.Usage($"the model's weights are quantised, and '{Name}' has to read '{target.Name}.weight' in float32: take lora, or open the model without quantisation");

    private static string LastName(string module) => module[(module.LastIndexOf('.') + 1)..];
}
