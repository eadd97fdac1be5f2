using System.CommandLine;
using Coppice.Cli.Output;
using Coppice.Cli.Progress;
using Coppice.Foundation;
using Coppice.Training.Loop;
using Coppice.Training.Quickstart;
using Coppice.Training.Recipes;

namespace Coppice.Cli.Commands;

/// <summary><c>coppice quickstart</c>: everything at once, on text that every .NET SDK carries.</summary>
internal static class QuickstartCommand
{
    public static Command Create()
    {
        var output = new Option<string>("--output", "-o") { Description = "The folder of the run", HelpName = "RUN", DefaultValueFactory = _ => Path.Combine("runs", "quickstart") };
        var minutes = CommonOptions.Number("--minutes", 0.1, 1440, 4, "How long training may take; reading the text before and measuring after take one more");
        var resume = new Option<bool>("--resume") { Description = "Go on from the latest checkpoint of the run" };
        var seed = CommonOptions.Seed(new Recipe().Seed);
        var command = new Command("quickstart", "Train a small model on the documentation that comes with the .NET SDK, and see what it learned")
        {
            output, minutes, resume, seed, CommonOptions.Threads, CommonOptions.DryRun, CommonOptions.Json,
        };
        // A run that goes on keeps its length and its seed.
        command.Validators.Add(result =>
        {
            foreach (Option option in new Option[] { minutes, seed })
            {
                if (result.GetValue(resume) && result.GetResult(option) is { Implicit: false }) result.AddError($"{option.Name} does not apply with --resume");
            }
        });
        command.SetAction(parse =>
        {
            using var interruption = new Interruption("Finishing the step and saving.");
            var run = parse.GetRequiredValue(output);
            var threads = parse.GetValue(CommonOptions.Threads);
            var json = parse.GetValue(CommonOptions.Json);
            var recipe = parse.GetValue(resume)
                ? Recipe.Load(Path.Combine(run, PretrainRun.RecipeFile), [FormattableString.Invariant($"training.threads={threads}")])
                : QuickstartRun.RecipeFor(parse.GetValue(minutes), threads, parse.GetValue(seed), Terminal.WriteLine);
            if (parse.GetValue(CommonOptions.DryRun)) return (int)TrainingOutput.ShowPlan(recipe, json);
            var result = RunDisplay.Run(display => QuickstartRun.Execute(
                recipe, run, parse.GetValue(resume), TrainingOutput.Observers(display, recipe, run), new GeneratedSamples(), display.Notice, interruption.Token));
            if (json) JsonOutput.Write(QuickstartFacts.Of(result));
            else if (!result.Run.Interrupted) Describe(result, run);
            if (!result.Run.Interrupted) return (int)ExitCode.Done;
            TrainingOutput.TellInterrupted(result.Run, "quickstart", run);
            return (int)ExitCode.Interrupted;
        });
        return command;
    }

    private static void Describe(QuickstartResult result, string run)
    {
        var facts = TrainingOutput.Facts(result.Run, run);
        var verdict = result.BelowBrotli == true ? "the model is below it" : "the model is not below it yet: give it more --minutes";
        facts.Insert(1, ("Brotli, strongest", $"{Figures.Number(result.BrotliBitsPerByte)} bits per byte; {verdict}"));
        Page.Facts(facts);
        Page.Line();
        Page.Line("Go on with");
        var model = TrainingOutput.ShellWord(result.Run.Model);
        Page.Facts(
            ("let it write", $"./coppice generate {model} --prompt \"Returns a value that indicates whether\""),
            ("measure a text", $"./coppice evaluate {model} --data README.md"),
            ("your own text", "./coppice pretrain FOLDER -o runs/mine"));
    }

    private sealed record QuickstartFacts(
        long Steps,
        long Tokens,
        double Seconds,
        double TokensPerSecond,
        double TrainLoss,
        double? ValidationLoss,
        double? ValidationBitsPerByte,
        double? BrotliBitsPerByte,
        bool? BelowBrotli,
        string Model,
        bool Interrupted)
    {
        public static QuickstartFacts Of(QuickstartResult result) => new(
            result.Run.Steps,
            result.Run.Tokens,
            result.Run.Seconds,
            result.Run.TokensPerSecond,
            result.Run.TrainLoss,
            result.Run.ValidationLoss,
            result.Run.ValidationBitsPerByte,
            result.Run.Interrupted ? null : result.BrotliBitsPerByte,
            result.BelowBrotli,
            result.Run.Model,
            result.Run.Interrupted);
    }
}
