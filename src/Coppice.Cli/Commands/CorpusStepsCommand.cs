using System.CommandLine;
using Coppice.Cli.Output;
using Coppice.Corpus;
using Coppice.Corpus.Building;

namespace Coppice.Cli.Commands;

/// <summary><c>coppice corpus steps</c>: what recipes of curation can name.</summary>
internal static class CorpusStepsCommand
{
    public static Command Create()
    {
        var name = new Argument<string?>("STEP") { Description = "Show this step only", Arity = ArgumentArity.ZeroOrOne };
        var command = new Command("steps", "List the steps of curation with their options and sources, and the presets") { name, CommonOptions.Json };
        command.SetAction(parse =>
        {
            StepDefinition[] definitions = parse.GetValue(name) is { } wanted ? [CurationSteps.Get(wanted, "coppice corpus steps", KnownSteps.All)] : [.. KnownSteps.All];
            var steps = definitions.Select(definition => definition.Describe()).ToList();
            if (parse.GetValue(CommonOptions.Json)) JsonOutput.Write(Listed.Of(steps));
            else Describe(steps, withPresets: definitions.Length > 1);
        });
        return command;
    }

    private static void Describe(IReadOnlyList<StepDescription> steps, bool withPresets)
    {
        foreach (var step in steps)
        {
            Page.Line($"{step.Name}: {step.Summary}");
            if (step.Options.Count > 0) Page.Facts([.. step.Options.Select(option => (option.Key, $"{option.Value ?? "(must be given)"}  {option.Allowed}"))]);
            Page.Line($"  why: {step.Why}");
            foreach (var technique in step.Techniques) Page.Line($"  from: {technique.Title}, {technique.Paper}");
            Page.Line();
        }

        if (!withPresets) return;
        Page.Line("Presets:");
        Page.Facts([.. CurationPresets.All.Select(preset => (preset.Name, $"{preset.Summary}: {string.Join(", ", preset.Steps.Select(step => step.Name))}"))]);
    }

    private sealed record Listed(IReadOnlyList<ListedStep> Steps, IReadOnlyList<ListedPreset> Presets)
    {
        public static Listed Of(IEnumerable<StepDescription> steps) => new(
            [.. steps.Select(step => new ListedStep(step.Name, step.Summary, step.Why, step.Options, [.. step.Techniques.Select(technique => new Source(technique.Name, technique.Title, technique.Paper))]))],
            [.. CurationPresets.All.Select(preset => new ListedPreset(preset.Name, preset.Summary, [.. preset.Steps.Select(step => step.Name)]))]);
    }

    private sealed record ListedStep(string Name, string Summary, string Why, IReadOnlyList<StepOption> Options, IReadOnlyList<Source> Sources);

    private sealed record Source(string Name, string Title, string Paper);

    private sealed record ListedPreset(string Name, string Summary, IReadOnlyList<string> Steps);
}
