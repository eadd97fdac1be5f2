using System.CommandLine;
using System.Globalization;
using Coppice.Cli.Output;
using Coppice.Cli.Progress;
using Coppice.Continual.Recipes;
using Coppice.Continual.Updates;
using Coppice.Foundation;
using Coppice.Training.Loop;
using Coppice.Training.Recipes;

namespace Coppice.Cli.Commands;

/// <summary><c>coppice update</c>: new text into an existing model, gated.</summary>
internal static class UpdateCommand
{
    private sealed record Inputs(
        Argument<string?> Model, Option<string[]> Data, Option<string> Output, Option<string?> Recipe, Option<string[]> Set, Option<string?> Share, Option<string?> From,
        Option<string[]> OldText, Option<string?> Budget, Option<string?> Forgetting, Option<string?> Flips, Option<string?> Pairs, Option<string?> Facts, Option<int> Grow, Option<string?> Preset,
        Option<bool> Resume, Option<long> Seed);

    public static Command Create()
    {
        var inputs = new Inputs(
            new Argument<string?>("MODEL") { Description = "The model to update: a model directory, or a run's", Arity = ArgumentArity.ZeroOrOne },
            Files("--data", "The new text: files, folders or patterns, each a source of its own"),
            CommonOptions.Output("NEW", "The folder of the update: the new model, or the refused candidate, and the report"),
            Text("--recipe", "FILE", "An update recipe (.yaml); what it leaves out is the parent's, or the usual"),
            new Option<string[]>("--set") { Description = "Set a key of the recipe, such as epochs=4; may be given again", HelpName = "KEY=VALUE" },
            Text("--share", "SHARE", "The share of old text, such as 0.25; auto finds it by a few short runs. By default it follows from how far the new text lies from the old"),
            Text("--replay", "FROM", "Where old text comes from: stores (the parent's token stores), buffer (documents kept in the parent's directory) or generated (written by the parent)"),
            Files("--replay-data", "Old text to replay, in place of what the parent remembers"),
            Text("--replay-budget", "BYTES", "Keep documents of all text so far in the new model's directory, such as 200MB, for updates when the text is gone"),
            Text("--max-forgetting", "SHARE", "By how much bits per byte of an earlier source may rise, such as 2% (the default)"),
            Text("--max-negative-flips", "SHARE", "The share of minimal pairs that may turn wrong, such as 3%; needs --pairs"),
            Text("--pairs", "FILE", "Minimal pairs as JSON lines, to count what was right and is wrong now"),
            Text("--facts", "FILE", "Cloze facts as JSON lines, to see what was learned and what was lost"),
            CommonOptions.Whole("--grow-vocabulary", 0, 10_000_000, 0, "Add so many tokens, learned from the new text"),
            Text("--preset", "NAME", "plain, or stability: several epochs over the best part of the new text, which narrows the stability gap"),
            new Option<bool>("--resume") { Description = "Go on from the latest checkpoint of the update" },
            CommonOptions.Seed(new UpdateRecipe().Seed));
        var command = new Command("update", "Bring new text into a model, and prove that it forgot nothing")
        {
            inputs.Model, inputs.Data, inputs.Output, inputs.Recipe, inputs.Set, inputs.Share, inputs.From, inputs.OldText, inputs.Budget, inputs.Forgetting, inputs.Flips,
            inputs.Pairs, inputs.Facts, inputs.Grow, inputs.Preset, inputs.Resume, inputs.Seed, CommonOptions.Threads, CommonOptions.DryRun, CommonOptions.Json,
        };
        command.Validators.Add(result =>
        {
            if (result.GetValue(inputs.Model) is null && !result.GetValue(inputs.Resume)) result.AddError("there is no model to update: name a model directory");
        });
        command.SetAction(parse => (int)Run(parse, inputs));
        return command;
    }

    private static ExitCode Run(ParseResult parse, Inputs inputs)
    {
        var run = parse.GetRequiredValue(inputs.Output);
        var json = parse.GetValue(CommonOptions.Json);
        using var interruption = new Interruption("Finishing the step and saving.");
        var recipe = ReadRecipe(parse, inputs, run);
        if (parse.GetValue(CommonOptions.DryRun)) return TrainingOutput.ShowRecipe(recipe.ToYaml(), json);

        var result = RunDisplay.Run(display =>
        {
            var request = new UpdateRequest
            {
                Recipe = recipe, Directory = run, Resume = parse.GetValue(inputs.Resume), Notice = display.Notice, Detail = parse.GetValue(CommonOptions.Verbose) ? display.Notice : _ => { },
            };
            return new UpdateRun(request, [display]).Execute(interruption.Token);
        });
        if (json) JsonOutput.Write(result);
        else if (!result.Interrupted) UpdateOutput.Describe(result, run);
        if (!result.Interrupted) return result.Accepted ? ExitCode.Done : ExitCode.GateRefused;
        Terminal.WriteLine($"Interrupted after {Figures.Count(result.Steps, "step")}, everything is saved; the parent is as it was. Go on with: coppice update --resume -o {TrainingOutput.ShellWord(run)}");
        return ExitCode.Interrupted;
    }

    /// <summary>From the least to the most particular: what the parent says, a preset, a recipe's file, options by name, and keys.</summary>
    private static UpdateRecipe ReadRecipe(ParseResult parse, Inputs inputs, string run)
    {
        List<string> overrides = [.. Named(parse, inputs), .. parse.GetValue(inputs.Set) ?? []];
        if (parse.GetValue(inputs.Model) is not { } model) return RecipeDocument.Load<UpdateRecipe>(Path.Combine(run, PretrainRun.RecipeFile), overrides).Recipe;
        var defaults = UpdatePresets.Apply(parse.GetValue(inputs.Preset) ?? UpdatePresets.Plain, UpdateRecipe.For(ParentModel.Open(model)));
        var recipe = parse.GetValue(inputs.Recipe) is { } path
            ? RecipeDocument.Load(path, overrides, defaults).Recipe
            : RecipeDocument.Parse("", "update", overrides, defaults).Recipe;
        if (parse.GetValue(inputs.Data) is { Length: > 0 } files) recipe = recipe with { Data = recipe.Data with { Sources = [.. files.Select(Source)] } };
        if (parse.GetValue(inputs.OldText) is { Length: > 0 } old) recipe = recipe with { Replay = recipe.Replay with { Paths = [.. old] } };
        return recipe;
    }

    private static IEnumerable<string> Named(ParseResult parse, Inputs inputs)
    {
        if (parse.GetValue(inputs.Share) is { } share) yield return share == "auto" ? "replay.share_by_law=true" : Key("replay.share", Quantity.Share("--share", share));
        if (parse.GetValue(inputs.From) is { } from) yield return $"replay.from={from}";
        if (parse.GetValue(inputs.Budget) is { } budget) yield return FormattableString.Invariant($"replay.budget_bytes={Quantity.Bytes("--replay-budget", budget)}");
        if (parse.GetValue(inputs.Forgetting) is { } forgetting) yield return Key("gate.max_forgetting", Quantity.Share("--max-forgetting", forgetting));
        if (parse.GetValue(inputs.Flips) is { } flips) yield return Key("gate.max_negative_flips", Quantity.Share("--max-negative-flips", flips));
        if (parse.GetValue(inputs.Pairs) is { } pairs) yield return $"evaluation.pairs={pairs}";
        if (parse.GetValue(inputs.Facts) is { } facts) yield return $"evaluation.facts={facts}";
        if (parse.GetValue(inputs.Grow) is > 0 and var grow) yield return FormattableString.Invariant($"vocabulary.grow={grow}");
        if (parse.GetResult(inputs.Seed) is { Implicit: false }) yield return FormattableString.Invariant($"seed={parse.GetValue(inputs.Seed)}");
        if (parse.GetResult(CommonOptions.Threads) is { Implicit: false }) yield return FormattableString.Invariant($"training.threads={parse.GetValue(CommonOptions.Threads)}");
    }

    // The recipe that is written down names what it was called.
    private static SourceSection Source(string path)
    {
        var source = new SourceSection { Paths = [path] };
        return source with { Name = source.GetName() };
    }

    private static string Key(string key, double value) => string.Create(CultureInfo.InvariantCulture, $"{key}={value:R}");

    private static Option<string?> Text(string name, string helpName, string description) => new(name) { Description = description, HelpName = helpName };

    private static Option<string[]> Files(string name, string description) => new(name) { Description = description, HelpName = "FILE", AllowMultipleArgumentsPerToken = true };
}
