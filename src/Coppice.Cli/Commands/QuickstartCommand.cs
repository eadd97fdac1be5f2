using System.CommandLine;
using Coppice.Cli.Output;
using Coppice.Cli.Progress;
using Coppice.Continual.Quickstart;
using Coppice.Continual.Recipes;
using Coppice.Continual.Updates;
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
        var minutes = CommonOptions.Number("--minutes", 0.1, 1440, 4, "How long training and update may take; reading the texts and measuring take one or two more");
        var resume = new Option<bool>("--resume") { Description = "Go on from the latest checkpoint of the run" };
        var seed = CommonOptions.Seed(new Recipe().Seed);
        var command = new Command("quickstart", "Train a small model on the documentation that comes with the .NET SDK, update it with more, and see what it learned and kept")
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
            var goesOn = parse.GetValue(resume);
            var threads = parse.GetValue(CommonOptions.Threads);
            var json = parse.GetValue(CommonOptions.Json);
            var recipe = goesOn
                ? Recipe.Load(Path.Combine(run, PretrainRun.RecipeFile), [FormattableString.Invariant($"training.threads={threads}")])
                : QuickstartRun.RecipeFor(parse.GetValue(minutes) * (1 - QuickstartUpdate.TimeShare), threads, parse.GetValue(seed), Terminal.WriteLine);
            var update = QuickstartUpdate.RecipeFor(recipe, run, goesOn);
            if (update is null) Terminal.WriteLine($"there is no update to show: the documentation of ASP.NET Core (packs/{SdkDocumentation.AspNetCore}) is not on this machine");
            if (parse.GetValue(CommonOptions.DryRun)) return (int)ShowPlan(recipe, update, json);
            var trained = RunDisplay.Run(display => QuickstartRun.Execute(
                recipe, run, goesOn, TrainingOutput.Observers(display, recipe.ToYaml(), run), new GeneratedSamples(), display.Notice, interruption.Token));
            if (!json && !trained.Run.Interrupted) Describe(trained, run);
            var updated = trained.Run.Interrupted || update is null ? null : Update(update, run, goesOn, json, interruption.Token);
            var interrupted = trained.Run.Interrupted || (update is not null && updated is null or { Interrupted: true });
            if (json) JsonOutput.Write(QuickstartFacts.Of(trained, updated, interrupted));
            if (trained.Run.Interrupted) TrainingOutput.TellInterrupted(trained.Run, "quickstart", run);
            else if (interrupted) Terminal.WriteLine($"Interrupted in the update, everything is saved. Go on with: coppice quickstart --resume -o {TrainingOutput.ShellWord(run)}");
            else if (!json) DescribeRest(trained, updated, run);
            return (int)(interrupted ? ExitCode.Interrupted : ExitCode.Done);
        });
        return command;
    }

    /// <summary>The second act; null where it was interrupted before its first step.</summary>
    private static UpdateResult? Update(UpdateRecipe recipe, string run, bool resume, bool json, CancellationToken cancellation)
    {
        if (!json)
        {
            Page.Line();
            Page.Line("Now an update: it learns the documentation of ASP.NET Core, and must forget nothing.");
        }

        try
        {
            return RunDisplay.Run(display => new UpdateRun(
                new UpdateRequest { Recipe = recipe, Directory = Path.Combine(run, QuickstartUpdate.Folder), Resume = resume, Notice = display.Notice }, [display]).Execute(cancellation));
        }
        catch (OperationCanceledException)
        {
            return null;
        }
    }

    private static ExitCode ShowPlan(Recipe recipe, UpdateRecipe? update, bool json)
    {
        if (json)
        {
            JsonOutput.Write(new
            {
                Steps = recipe.Training.TotalSteps, Tokens = recipe.Training.TotalSteps * recipe.Training.TokensPerStep, Recipe = recipe.ToYaml(),
                Update = update is null ? null : new { Recipe = update.ToYaml() },
            });
        }
        else
        {
            Page.Text(recipe.ToYaml());
            if (update is not null) Page.Text("--- # the update\n" + update.ToYaml());
        }

        return ExitCode.Done;
    }

    private static void Describe(QuickstartResult result, string run)
    {
        var facts = TrainingOutput.Facts(result.Run, run);
        var verdict = result.BelowBrotli == true ? "the model is below it" : "the model is not below it yet: give it more --minutes";
        facts.Insert(1, ("Brotli, strongest", $"{Figures.Number(result.BrotliBitsPerByte)} bits per byte; {verdict}"));
        Page.Facts(facts);
    }

    /// <summary>What the update did, and what to do with all that.</summary>
    private static void DescribeRest(QuickstartResult trained, UpdateResult? updated, string run)
    {
        if (updated is not null)
        {
            Page.Line();
            UpdateOutput.Describe(updated, Path.Combine(run, QuickstartUpdate.Folder));
        }

        var model = TrainingOutput.ShellWord(updated is { Accepted: true } ? updated.Model : trained.Run.Model);
        Page.Line();
        Page.Line("Go on with");
        Page.Facts(
            ("let it write", $"./coppice generate {model} --prompt \"Returns a value that indicates whether\""),
            ("measure a text", $"./coppice evaluate {model} --data README.md"),
            ("its versions", $"./coppice lineage {model}"),
            ("your own text", "./coppice pretrain FOLDER -o runs/mine"),
            ("more of it", "./coppice update runs/mine --data NEW-FOLDER -o runs/mine-2"));
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
        UpdateResult? Update,
        bool Interrupted)
    {
        public static QuickstartFacts Of(QuickstartResult result, UpdateResult? update, bool interrupted) => new(
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
            update,
            interrupted);
    }
}
