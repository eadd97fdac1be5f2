using System.CommandLine;
using System.Runtime.InteropServices;
using Coppice.Cli.Output;
using Coppice.Cli.Progress;
using Coppice.Corpus;
using Coppice.Foundation;
using Coppice.Training.Loop;
using Coppice.Training.Metrics;
using Coppice.Training.Recipes;
using Coppice.Training.Reports;

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
        var set = new Option<string[]>("--set") { Description = "Set a key of the recipe, such as training.steps=100; may be given again", HelpName = "KEY=VALUE" };
        var resume = new Option<bool>("--resume") { Description = "Go on from the latest checkpoint of the run" };
        var seed = CommonOptions.Seed((ulong)new Recipe().Seed);
        var command = new Command("pretrain", "Train a model from scratch")
        {
            inputs, output, set, resume, seed, CommonOptions.Threads, CommonOptions.DryRun, CommonOptions.Json,
        };
        command.Validators.Add(result =>
        {
            if (result.GetResult(inputs) is not { Tokens.Count: > 0 } && !result.GetValue(resume)) result.AddError("there is nothing to train on: name a recipe, text, or both");
        });
        command.SetAction(parse =>
        {
            var run = parse.GetRequiredValue(output);
            List<string> overrides = [.. parse.GetValue(set) ?? []];
            if (IsGiven(parse, seed)) overrides.Add(FormattableString.Invariant($"seed={parse.GetValue(seed)}"));
            if (IsGiven(parse, CommonOptions.Threads)) overrides.Add(FormattableString.Invariant($"training.threads={parse.GetValue(CommonOptions.Threads)}"));
            using var interruption = new Interruption("Finishing the step and saving.");
            var recipe = ReadRecipe(parse.GetValue(inputs) ?? [], run, overrides, interruption.Token);
            var json = parse.GetValue(CommonOptions.Json);
            if (!parse.GetValue(CommonOptions.DryRun)) return (int)Train(recipe, run, parse.GetValue(resume), parse.GetValue(CommonOptions.Verbose), json, interruption.Token);
            if (json) JsonOutput.Write(new Plan(recipe.Training.TotalSteps, recipe.Training.TotalSteps * recipe.Training.TokensPerStep, recipe.ToYaml()));
            else Page.Text(recipe.ToYaml());
            return (int)ExitCode.Done;
        });
        return command;
    }

    private static Recipe ReadRecipe(string[] inputs, string run, List<string> overrides, CancellationToken cancellation)
    {
        if (inputs.Length == 0) return Recipe.Load(Path.Combine(run, PretrainRun.RecipeFile), overrides);
        var named = inputs[0].EndsWith(".yaml", StringComparison.OrdinalIgnoreCase) || inputs[0].EndsWith(".yml", StringComparison.OrdinalIgnoreCase);
        var texts = named ? inputs[1..] : inputs;
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
        var report = Path.Combine(run, RunReport.FileName);
        var result = RunDisplay.Run(display =>
        {
            var request = new PretrainRequest
            {
                Recipe = recipe, RunDirectory = run, Resume = resume, Notice = display.Notice, Detail = verbose ? display.Notice : _ => { },
            };
            var reportWriter = new RunReportWriter(report, Path.Combine(run, MetricsFile.Name), new RunReport
            {
                Title = Path.GetFileName(Path.TrimEndingDirectorySeparator(Path.GetFullPath(run))),
                Events = [],
                Recipe = recipe.ToYaml(),
                Provenance = [("Software", $"Coppice {typeof(PretrainRun).Assembly.GetName().Version!.ToString(3)}"), ("Runtime", $"{RuntimeInformation.FrameworkDescription} on {RuntimeInformation.OSDescription}")],
            });
            return new PretrainRun(request, [display, reportWriter], new GeneratedSamples()).Execute(cancellation);
        });
        if (json) JsonOutput.Write(result);
        else if (!result.Interrupted) Describe(result, report);
        if (!result.Interrupted) return ExitCode.Done;
        Terminal.WriteLine($"Interrupted after {Figures.Count(result.Steps, "step")}, everything is saved. Go on with: coppice pretrain --resume -o {Quoted(run)}");
        return ExitCode.Interrupted;
    }

    private static void Describe(PretrainResult result, string report)
    {
        var facts = new List<(string, string)>
        {
            ("training loss", Figures.Number(result.TrainLoss)),
            ("steps", $"{Figures.Count(result.Steps)}, {Figures.Count(result.Tokens, "token")}"),
            ("time", $"{Figures.Duration(TimeSpan.FromSeconds(result.Seconds))}, {Figures.Count((long)result.TokensPerSecond)} tokens/s"),
            ("model", result.Model),
            ("report", report),
        };
        if (result.ValidationLoss is { } loss) facts.Insert(0, ("validation loss", $"{Figures.Number(loss)}, {Figures.Number(result.ValidationBitsPerByte ?? double.NaN)} bits per byte"));
        Page.Facts(facts);
    }

    private static bool IsGiven(ParseResult parse, Option option) => parse.GetResult(option) is { Implicit: false };

    private static string Quoted(string path) => path.Any(c => !char.IsAsciiLetterOrDigit(c) && !"/\\._-:+".Contains(c, StringComparison.Ordinal)) ? $"\"{path}\"" : path;

    private sealed record Plan(long Steps, long Tokens, string Recipe);
}
