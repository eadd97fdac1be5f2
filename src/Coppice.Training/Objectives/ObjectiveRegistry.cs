using Coppice.Corpus;
using Coppice.Foundation;
using Coppice.Models;
using Coppice.Tokenizers;
using Coppice.Training.Recipes;

namespace Coppice.Training.Objectives;

/// <summary>The objectives by the names that recipes use. A new one is a file and a line here.</summary>
public static class ObjectiveRegistry
{
    private static readonly Dictionary<string, Entry> ByName = new(StringComparer.Ordinal)
    {
        ["causal"] = new(["gpt2", "llama"], (_, _, _) => new CausalObjective()),
        ["mlm"] = new(["bert", "roberta"], Masked),
        ["slm"] = new(["bert", "roberta"], (section, _, vocabulary) => SwappedObjective.Create(vocabulary(), section.Rate)),
        ["electra"] = new(["electra"], ReplacedTokens),
        ["rts"] = new(["electra"], (section, _, vocabulary) => new RandomSubstitutionObjective(vocabulary(), section.Rate)),
        ["span_corruption"] = new(["t5"], CorruptedSpans),
    };

    /// <summary>The names.</summary>
    public static IReadOnlyCollection<string> Names => ByName.Keys;

    /// <summary>The objective that an architecture is trained with where nothing is said.</summary>
    /// <param name="architecture">The recipe's name of the architecture.</param>
    public static string DefaultFor(string architecture) => ByName.FirstOrDefault(entry => entry.Value.Architectures.Contains(architecture)).Key ?? "causal";

    /// <summary>The architectures that an objective can train, by the recipe's names.</summary>
    /// <param name="name">A known name.</param>
    public static IReadOnlyList<string> ArchitecturesOf(string name) => ByName[name].Architectures;

    /// <summary>Builds the objective of a recipe.</summary>
    /// <param name="section">The recipe's section.</param>
    /// <param name="configuration">The model's.</param>
    /// <param name="tokenizer">Its tokenizer.</param>
    /// <exception cref="CoppiceException">The name is not known, or the objective is not one for the model or the tokenizer (exit code 2).</exception>
    public static IObjective Create(ObjectiveSection section, ModelConfiguration configuration, Tokenizer tokenizer) => Create(section, configuration, () => MaskVocabulary.Of(tokenizer));

    /// <summary>Builds an objective for what depends on the shape of a step alone, such as its memory.</summary>
    /// <param name="section">The recipe's section.</param>
    /// <param name="configuration">The model's.</param>
    /// <exception cref="CoppiceException">The name is not known, or the objective is not one for the model (exit code 2).</exception>
    public static IObjective ForPlanning(ObjectiveSection section, ModelConfiguration configuration) =>
        Create(section, configuration, () => MaskVocabulary.Plain(configuration.VocabularySize));

    /// <summary>Refuses a section that a model can't be trained by, before anything is read for it.</summary>
    /// <param name="section">The recipe's section.</param>
    /// <param name="configuration">The model's.</param>
    /// <exception cref="CoppiceException">The name is not known, the objective is not one for the model, or it doesn't have a key that was set (exit code 2).</exception>
    public static void Check(ObjectiveSection section, ModelConfiguration configuration) => Find(section, configuration);

    private static IObjective Create(ObjectiveSection section, ModelConfiguration configuration, Func<MaskVocabulary> vocabulary) =>
        Find(section, configuration).Create(section, configuration, vocabulary);

    private static Entry Find(ObjectiveSection section, ModelConfiguration configuration)
    {
        // All causal families are one to an objective, whatever the name that they have on disk.
        var architecture = configuration.IsCausal ? "llama" : configuration.ModelType;
        var alone = configuration is ElectraConfiguration { Generator: null };
        var name = section.Name.Length > 0 ? section.Name : alone ? "rts" : DefaultFor(architecture);
        if (!ByName.TryGetValue(name, out var entry))
            throw CoppiceException.Usage($"unknown objective '{name}'{NearestName.Hint(name, ByName.Keys)} (known: {string.Join(", ", ByName.Keys)})");
        if (!entry.Architectures.Contains(architecture))
            throw CoppiceException.Usage($"the objective '{name}' is for {string.Join(" and ", entry.Architectures)}, not for a {configuration.ModelType} model");
        if (name == "electra" && alone) throw CoppiceException.Usage("the objective 'electra' needs a generator, and this model has none: a discriminator alone learns by 'rts'");
        return section.Unused(name) is { } unused ? throw CoppiceException.Usage(unused.Message) : entry;
    }

    private static MaskedObjective Masked(ObjectiveSection section, ModelConfiguration configuration, Func<MaskVocabulary> vocabulary)
    {
        var tokens = vocabulary();
        // The same task for every run, whatever it is trained with.
        var validation = new MaskedObjective(new TokenMasking(tokens, new MaskingOptions { MaskShare = 1, RandomShare = 0 }));
        return new MaskedObjective(
            new TokenMasking(tokens, new MaskingOptions { Rate = section.Rate, Unit = section.Unit, MaskShare = section.MaskShare, RandomShare = section.RandomShare }), validation);
    }

    // The share that is masked is the authors'; what is left stays as it is.
    private static ReplacedTokenObjective ReplacedTokens(ObjectiveSection section, ModelConfiguration configuration, Func<MaskVocabulary> vocabulary) =>
        new(new TokenMasking(vocabulary(), new MaskingOptions { Rate = section.Rate, MaskShare = 0.85, RandomShare = 0 }), section.DetectionWeight);

    private static SpanCorruptionObjective CorruptedSpans(ObjectiveSection section, ModelConfiguration configuration, Func<MaskVocabulary> vocabulary)
    {
        var (tokens, start) = (vocabulary(), ((T5Configuration)configuration).DecoderStartToken);
        // The same task for every run here too, and of its answers the text alone.
        var validation = new SpanCorruptionObjective(new SpanCorruption(tokens, new SpanCorruptionOptions { CountsSentinels = false }, start));
        return new SpanCorruptionObjective(new SpanCorruption(tokens, new SpanCorruptionOptions { Rate = section.Rate, SpanLength = section.SpanLength }, start), validation);
    }

    private sealed record Entry(IReadOnlyList<string> Architectures, Func<ObjectiveSection, ModelConfiguration, Func<MaskVocabulary>, IObjective> Create);
}
