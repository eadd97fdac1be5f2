using Coppice.Corpus;
using Coppice.Foundation;
using Coppice.Models;
using Coppice.Tensors;
using Coppice.Training.Objectives;

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

    /// <summary>The coordinates of what is trained that move, where the method chose some by examples; null where it chose none.</summary>
    public Masks.CoordinateMask? Mask { get; set; }
}

/// <summary>A way of fine-tuning with few parameters. A new one is a file with a class of this kind and a line in <see cref="AdapterMethods"/>.</summary>
public abstract class AdapterMethod
{
    /// <summary>Its name in recipes.</summary>
    public abstract string Name { get; }

    /// <summary>The number of parameters that are trained for a target, by the formula of the method's source.</summary>
    /// <param name="target">The target.</param>
    public abstract long CountOf(TargetModule target);

    /// <summary>Whether the base's weights can become such as do alone what base and adapter do together.</summary>
    public virtual bool IsMergeable => true;

    /// <summary>The number of parameters that are trained beside copies of the base's, by the formula of the method's source.</summary>
    /// <param name="model">The base.</param>
    /// <param name="settings">The settings.</param>
    /// <param name="targets">The targets.</param>
    public virtual long CountOf(LanguageModel model, AdapterSettings settings, IReadOnlyList<TargetModule> targets) => targets.Sum(CountOf);

    /// <summary>Whether <see cref="AdapterSettings.Dropout"/> means anything to it.</summary>
    internal virtual bool TakesDropout => false;

    /// <summary>What training it takes beside descending.</summary>
    /// <param name="parts">An adapter that is trained.</param>
    /// <param name="steps">Updates that the whole of training has.</param>
    internal virtual AdapterTraining CreateTraining(AdapterParts parts, long steps) =>
        parts.Settings.LoraPlusRatio > 1 ? new AdapterTraining(new LoraPlus(parts.Trained, parts.Settings.LoraPlusRatio), Penalty: null) : AdapterTraining.None;

    /// <summary>What files hold of an adapter.</summary>
    /// <param name="parts">The adapter.</param>
    /// <param name="everything">All that it has.</param>
    internal virtual AdapterContents Contents(AdapterParts parts, AdapterContents everything) => everything;

    /// <summary>The factors of a plain LoRA that does the same on the same base; null where there are none, or the method is such a LoRA.</summary>
    internal virtual IReadOnlyList<LoraFactors>? Factors(AdapterParts parts) => null;

    /// <summary>Chooses what is trained by examples, before training; the adapter is on. Most choose nothing.</summary>
    /// <param name="adapter">The adapter, as it was made.</param>
    /// <param name="objective">The task.</param>
    /// <param name="examples">A batch for each example.</param>
    /// <param name="seed">Decides what is drawn.</param>
    /// <exception cref="CoppiceException">Nothing can be chosen by them.</exception>
    public virtual void Prepare(Adapter adapter, IObjective objective, IReadOnlyList<PackedBatch> examples, ulong seed)
    {
    }

    /// <summary>The projections that change.</summary>
    internal abstract IReadOnlyList<TargetModule> Targets(LanguageModel model, AdapterSettings settings);

    /// <summary>The parameters of a target: names are PEFT's.</summary>
    internal abstract IEnumerable<ParameterSpecification> Trained(TargetModule target);

    /// <summary>What is fixed and no part of the base.</summary>
    internal virtual IEnumerable<ParameterSpecification> Frozen(AdapterSettings settings, IReadOnlyList<TargetModule> targets) => [];

    /// <summary>All that is trained beside copies of the base's parameters, and all that is fixed and no part of the base.</summary>
    internal virtual (IEnumerable<ParameterSpecification> Trained, IEnumerable<ParameterSpecification> Frozen) Specify(LanguageModel model, AdapterSettings settings, IReadOnlyList<TargetModule> targets) =>
        (targets.SelectMany(Trained), Frozen(settings, targets));

    /// <summary>The parameters of the base that are trained besides: their names.</summary>
    internal virtual IEnumerable<string> BaseParameters(LanguageModel model, AdapterSettings settings, IReadOnlyList<TargetModule> targets)
    {
        var names = model.Parameters.Parameters.Select(parameter => parameter.Name).ToList();
        var chosen = new HashSet<string>(StringComparer.Ordinal);
        if (settings.Bias == BiasTraining.All) chosen.UnionWith(names.Where(name => name.EndsWith(".bias", StringComparison.Ordinal)));
        if (settings.Bias == BiasTraining.TargetsOnly) chosen.UnionWith(targets.Select(target => target.Name + ".bias").Where(name => model.Parameters.TryGet(name, out _)));
        if (settings.ModulesToSave.Count > 0) RefuseQuantized(model, "modules of it");
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

    /// <summary>What the adapter puts into the base while it is on. The base is as it was opened.</summary>
    internal virtual AdapterWiring Wire(AdapterParts parts) => new([.. parts.Targets.Select(target => (target.Slot, CreateDelta(parts, target)))]);

    /// <summary>The module of a parameter: its name without the last part.</summary>
    private protected static string ModuleOf(string parameter) => parameter[..Math.Max(0, parameter.LastIndexOf('.'))];

    /// <summary>
    /// Refuses what can't be trained beside a base: a matrix that is embedding and head at once would, as the one in a file, silently be the other too. What a quantised model
    /// has among its parameters (biases, norms, learned positions) is float32 all the same.
    /// </summary>
    private protected static void RefuseUntrainable(LanguageModel model, IReadOnlySet<string> chosen)
    {
        if (model.Quantized is null && model.Configuration.TieEmbeddings && chosen.Contains(model.Embedding.Name))
            throw CoppiceException.Usage($"'{model.Embedding.Name}' is embedding and head in one (tie_word_embeddings): it can't be trained as one of the two");
    }

    /// <summary>Refuses a quantised base where whole parts of it are trained.</summary>
    private protected static void RefuseQuantized(LanguageModel model, string what)
    {
        if (model.Quantized is { } quantized)
            throw CoppiceException.Usage($"the model's weights are quantised ({quantized.Quantization.ToString().ToLowerInvariant()}): {what} can't be trained whole; open it without quantisation");
    }

    /// <summary>Fills a matrix with values that are normally distributed around 0.</summary>
    private protected static void FillNormal(Parameter parameter, double deviation, ulong seed) => Initial.Normal(deviation).Fill(parameter, seed);

    /// <summary>Fills a matrix with values that are evenly distributed between -bound and bound.</summary>
    private protected static void FillUniform(Parameter parameter, double bound, ulong seed)
    {
        var random = Initial.RandomOf(parameter.Name, seed);
        var values = new float[parameter.Count];
        for (var i = 0; i < values.Length; i++) values[i] = (float)(bound * (2 * random.UniformDouble((ulong)i) - 1));
        parameter.Tensor.CopyFrom(values);
    }

    /// <summary>An adapter's contents as those of a plain LoRA with its <see cref="Factors"/>.</summary>
    /// <param name="parts">The adapter.</param>
    /// <param name="everything">All that it has.</param>
    internal AdapterContents AsLora(AdapterParts parts, AdapterContents everything)
    {
        var own = parts.Targets.SelectMany(Trained).Concat(Frozen(parts.Settings, parts.Targets)).Select(specification => specification.Name).ToHashSet(StringComparer.Ordinal);
        return AdapterConversion.WithScales(everything with { Tensors = [.. everything.Tensors.Where(tensor => !own.Contains(tensor.Name))] }, Factors(parts)!);
    }

    private static string LastName(string module) => module[(module.LastIndexOf('.') + 1)..];
}
