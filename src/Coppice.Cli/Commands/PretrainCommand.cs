using System.CommandLine;
using Coppice.Cli.Output;
using Coppice.Cli.Progress;
using Coppice.Corpus;
using Coppice.Foundation;
using Coppice.Training.Loop;
using Coppice.Training.Recipes;

namespace Coppice.Cli.Commands;

/// <summary><c>coppice pretrain</c>: a model from scratch.</summary>
internal static class PretrainCommand
{
    private const string DefaultName = "the default recipe";

    public static Command Create()
    {
        var inputs = new Argument<string[]>("RECIPE|TEXT")
        {
            Description = "A recipe (.yaml), text (files, folders, patterns), or a recipe and then text in the place of the recipe's own. Nothing, with --resume",
            Arity = ArgumentArity.ZeroOrMore,
        };
        var output = CommonOptions.Output("RUN", "The folder of the run: checkpoints, metrics, report and, at the end, the model");
        var architecture = new Option<string?>("--architecture") { Description = "gpt2 or llama, which write, bert, roberta or electra, which understand, or t5, which fills gaps; as model.architecture of the recipe", HelpName = "NAME" };
        var set = new Option<string[]>("--set") { Description = "Set a key of the recipe, such as training.steps=100; may be given again", HelpName = "KEY=VALUE" };
        var resume = new Option<bool>("--resume") { Description = "Go on from the latest checkpoint of the run" };
        var seed = CommonOptions.Seed(new Recipe().Seed);
        var command = new Command("pretrain", "Train a model from scratch")
        {
            inputs, output, architecture, set, resume, seed, CommonOptions.Threads, CommonOptions.DryRun, CommonOptions.Json,
        };
        command.Validators.Add(result =>
        {
            if (result.GetResult(inputs) is not { Tokens.Count: > 0 } && !result.GetValue(resume)) result.AddError("there is nothing to train on: name a recipe, text, or both");
        });
        command.SetAction(parse =>
        {
            var run = parse.GetRequiredValue(output);
            List<string> overrides = [.. parse.GetValue(set) ?? []];
            if (parse.GetValue(architecture) is { } chosen) overrides.Add($"model.architecture={chosen}");
            if (IsGiven(parse, seed)) overrides.Add(FormattableString.Invariant($"seed={parse.GetValue(seed)}"));
            if (IsGiven(parse, CommonOptions.Threads)) overrides.Add(FormattableString.Invariant($"training.threads={parse.GetValue(CommonOptions.Threads)}"));
            using var interruption = new Interruption("Finishing the step and saving.");
            var recipe = parse.GetValue(inputs) is { Length: > 0 } named
                ? ReadRecipe(named, overrides, interruption.Token)
                : Recipe.Load(Path.Combine(run, PretrainRun.RecipeFile), overrides);
            var json = parse.GetValue(CommonOptions.Json);
            return (int)(parse.GetValue(CommonOptions.DryRun)
                ? TrainingOutput.ShowPlan(recipe, json)
                : Train(recipe, run, parse.GetValue(resume), parse.GetValue(CommonOptions.Verbose), json, interruption.Token));
        });
        return command;
    }

    /// <summary>A recipe and the texts that take the place of its own; of texts alone, the recipe for as much text.</summary>
    public static Recipe ReadRecipe(IReadOnlyList<string> inputs, IReadOnlyList<string> overrides, CancellationToken cancellation)
    {
        var named = inputs[0].EndsWith(".yaml", StringComparison.OrdinalIgnoreCase) || inputs[0].EndsWith(".yml", StringComparison.OrdinalIgnoreCase);
        string[] texts = [.. named ? inputs.Skip(1) : inputs];
        var recipe = named ? Recipe.Load(inputs[0], overrides) : Recipe.Parse(SizedFor(texts, cancellation), DefaultName, overrides);
        return texts.Length == 0 ? recipe : recipe with { Data = recipe.Data with { Sources = [new SourceSection { Paths = [.. texts] }] } };
    }

    private static string SizedFor(string[] texts, CancellationToken cancellation)
    {
        var report = new CorpusReport();
        Stage.Run("Reading", show => new CorpusPipeline([.. texts.Select(text => new CorpusInput(text))]).Run(report, cancellation).Count(_ =>
        {
            show(() => $"{Figures.Count(report.DocumentsRead, "document")}, {Figures.Bytes(report.BytesRead)}");
            return true;
        }));
        return DefaultRecipe.For(report.BytesKept, report.DocumentsKept);
    }

    private static ExitCode Train(Recipe recipe, string run, bool resume, bool verbose, bool json, CancellationToken cancellation)
    {
        var result = RunDisplay.Run(display =>
        {
            var request = new PretrainRequest
            {
                Recipe = recipe, RunDirectory = run, Resume = resume, Notice = display.Notice, Detail = verbose ? display.Notice : _ => { },
            };
            return new PretrainRun(request, TrainingOutput.Observers(display, recipe.ToYaml(), run), new GeneratedSamples()).Execute(cancellation);
        });
        if (json) JsonOutput.Write(result);
        else if (!result.Interrupted) Page.Facts(TrainingOutput.Facts(result, run));
        if (!result.Interrupted) return ExitCode.Done;
        TrainingOutput.TellInterrupted(result, "pretrain", run);
        return ExitCode.Interrupted;
    }

    private static bool IsGiven(ParseResult parse, Option option) => parse.GetResult(option) is { Implicit: false };
}
