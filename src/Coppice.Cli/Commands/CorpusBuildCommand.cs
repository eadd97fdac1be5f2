using System.CommandLine;
using Coppice.Corpus;
using Coppice.Corpus.Building;
using Coppice.Foundation;
using Coppice.Training.Recipes;

namespace Coppice.Cli.Commands;

/// <summary><c>coppice corpus build</c>: text to a curated corpus, with a report of what was dropped and why.</summary>
internal static class CorpusBuildCommand
{
    public static Command Create()
    {
        var recipe = new Option<string?>("--recipe") { Description = "A recipe of curation: a YAML file with a list of steps ('coppice corpus steps' lists them)", HelpName = "FILE" };
        var preset = CommonOptions.Choice("--preset", [.. CurationPresets.All.Select(preset => preset.Name)], "A recipe that comes with the program");
        var share = CommonOptions.Number("--validation-share", 0, 1, 0, "The share of documents kept apart to measure on; 0 keeps none apart");
        var seed = CommonOptions.Seed(0);
        var options = new CorpusBuildArguments();
        var command = new Command("build", "Read text, run a recipe's steps, and write a curated corpus with a report; started again, it does only what is new") { recipe, preset, share, seed, CommonOptions.DryRun };
        options.AddTo(command);
        command.Validators.Add(result =>
        {
            if (result.GetValue(recipe) is not null && result.GetResult(preset) is { Implicit: false }) result.AddError("give either --recipe or --preset");
        });
        command.SetAction(parse =>
        {
            var steps = parse.GetValue(recipe) is { } path ? CurationRecipeDocument.Load(path, KnownSteps.All) : CurationPresets.Get(parse.GetRequiredValue(preset));
            var split = parse.GetValue(share) is > 0 and var part ? CorpusSplit.ByDocument(part, (ulong)parse.GetValue(seed)) : CorpusSplit.None;
            return (int)options.Run(parse, steps, split, isTrial: parse.GetValue(CommonOptions.DryRun));
        });
        return command;
    }
}
