using System.CommandLine;
using Coppice.Adapters;
using Coppice.Foundation;

namespace Coppice.Cli.Commands;

/// <summary>The options of <c>coppice adapt</c> for classifications with few labels.</summary>
internal static class FewLabelOptions
{
    private static readonly Option<string[]> Unlabelled = new("--unlabelled")
    {
        Description = "Texts without labels, for --self-train, --consistency and --annotate", HelpName = "FILE", AllowMultipleArgumentsPerToken = true,
    };

    private static readonly Option<int?> SelfTrain = new("--self-train") { Description = "Train so many further rounds on the model's own sure guesses of the texts without labels", HelpName = "ROUNDS" };

    private static readonly Option<double> Threshold = new("--threshold") { Description = "The least probability of a guess that is believed", DefaultValueFactory = _ => new SelfTrainingOptions().Threshold, HelpName = "P" };

    private static readonly Option<string?> Consistency = new("--consistency") { Description = "Train versions of a text without label to be told alike; versions are made by: drop (tokens left out), masked (replaced by an encoder)", HelpName = "HOW" };

    private static readonly Option<string> Annealing = new("--annealing")
    {
        Description = "How labelled texts that are known already are held back with --consistency: none, linear, exponential, logarithmic", DefaultValueFactory = _ => "none", HelpName = "HOW",
    };

    private static readonly Option<int?> OwnSamples = new("--own-samples") { Description = "Let the model write so many more examples of each class first", HelpName = "COUNT" };

    private static readonly Option<int> Annotate = new("--annotate") { Description = "Pick so many of the texts without labels for a person to label", DefaultValueFactory = _ => 0, HelpName = "COUNT" };

    private static readonly Option<string?> Annotations = new("--annotations") { Description = "The file to write those to (.jsonl)", HelpName = "FILE" };

    private static readonly Option<string[]> Annotated = new("--annotated") { Description = "Files of --annotations that a person has filled in, as a whole or in part", HelpName = "FILE", AllowMultipleArgumentsPerToken = true };

    /// <summary>Adds the options.</summary>
    public static void AddTo(Command command)
    {
        foreach (var option in new Option[] { Unlabelled, SelfTrain, Threshold, Consistency, Annealing, OwnSamples, Annotate, Annotations, Annotated }) command.Options.Add(option);
    }

    /// <summary>What was asked for; null where nothing was.</summary>
    /// <exception cref="CoppiceException">Options don't go together.</exception>
    public static (FewLabelSettings Settings, AnnotationRequest? Annotation)? Read(ParseResult parse, AdaptRecipe recipe)
    {
        var fields = new LabelledFields { Text = recipe.Task.TextField, Pair = recipe.Task.Name == "pairs" ? (recipe.Task.PairField.Length > 0 ? recipe.Task.PairField : "text2") : null };
        List<UnlabelledText> texts = [.. (parse.GetValue(Unlabelled) ?? []).SelectMany(file => UnlabelledText.Read(file, fields))];
        var (rounds, consistency, samples, picks) = (parse.GetValue(SelfTrain), parse.GetValue(Consistency), parse.GetValue(OwnSamples), parse.GetValue(Annotate));
        parse.RequireFor(Threshold, "--self-train", rounds is not null);
        parse.RequireFor(Annealing, "--consistency", consistency is not null);
        parse.RequireFor(Annotations, "--annotate", picks != 0);
        if (picks < 0) throw CoppiceException.Usage("--annotate: at least one text is to be picked");
        if (picks > 0 && (texts.Count == 0 || parse.GetValue(Annotations) is null)) throw CoppiceException.Usage("--annotate needs the texts (--unlabelled) and the file to write them to (--annotations)");
        List<LabelledText> annotated = [.. (parse.GetValue(Annotated) ?? []).SelectMany(file => AnnotationFile.Read(file).Labelled)];
        if (texts.Count > 0 && rounds is null && consistency is null && picks == 0) throw CoppiceException.Usage("--unlabelled: say what is done with the texts: --self-train, --consistency or --annotate");
        if (rounds is null && consistency is null && samples is null && picks == 0 && annotated.Count == 0) return null;
        var settings = new FewLabelSettings
        {
            Unlabelled = rounds is null && consistency is null ? [] : texts,
            Annotated = annotated,
            SelfTraining = rounds is { } number ? new SelfTrainingOptions { Rounds = number, Threshold = parse.GetValue(Threshold) } : null,
            Consistency = consistency is null ? null : new ConsistencyOptions { Annealing = Value<SignalAnnealing>("--annealing", parse.GetRequiredValue(Annealing)) },
            Augmentation = consistency is null ? Augmentation.Drop : Value<Augmentation>("--consistency", consistency),
            OwnSamples = samples is { } count ? new OwnSampleOptions { PerClass = count } : null,
        };
        return (settings, picks > 0 ? new AnnotationRequest(parse.GetRequiredValue(Annotations)!, picks, texts) : null);
    }

    private static T Value<T>(string option, string name)
        where T : struct, Enum
    {
        var names = Enum.GetNames<T>().Select(known => known.ToLowerInvariant()).ToList();
        return names.Contains(name) ? Enum.Parse<T>(name, ignoreCase: true)
            : throw CoppiceException.Usage($"{option}: '{name}' is not known{NearestName.Hint(name, names)} (known: {string.Join(", ", names)})");
    }
}
