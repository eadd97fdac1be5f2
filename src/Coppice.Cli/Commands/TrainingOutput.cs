using System.Runtime.InteropServices;
using Coppice.Cli.Output;
using Coppice.Cli.Progress;
using Coppice.Foundation;
using Coppice.Training.Loop;
using Coppice.Training.Metrics;
using Coppice.Training.Recipes;
using Coppice.Training.Reports;

namespace Coppice.Cli.Commands;

/// <summary>What the commands that train show alike: progress and report, the facts at the end, and how to go on after an interruption.</summary>
internal static class TrainingOutput
{
    /// <summary>What watches a run: the display, and the report of the run in its folder. The recipe is the resolved one, as YAML.</summary>
    public static IReadOnlyList<IRunObserver> Observers(RunDisplay display, string recipe, string run)
    {
        var report = new RunReport
        {
            Title = Path.GetFileName(Path.TrimEndingDirectorySeparator(Path.GetFullPath(run))),
            Events = [],
            Recipe = recipe,
            Provenance =
            [
                ("Software", $"Coppice {typeof(PretrainRun).Assembly.GetName().Version!.ToString(3)}"),
                ("Runtime", $"{RuntimeInformation.FrameworkDescription} on {RuntimeInformation.OSDescription}"),
            ],
        };
        return [display, new RunReportWriter(ReportPath(run), Path.Combine(run, MetricsFile.Name), report)];
    }

    /// <summary>What a dry run shows: the resolved recipe, which is a recipe.</summary>
    public static ExitCode ShowPlan(Recipe recipe, bool json)
    {
        if (json) JsonOutput.Write(new Plan(recipe.Training.TotalSteps, recipe.Training.TotalSteps * recipe.Training.TokensPerStep, recipe.ToYaml()));
        else Page.Text(recipe.ToYaml());
        return ExitCode.Done;
    }

    /// <summary>What a dry run of a command with a recipe of its own kind shows: the resolved recipe.</summary>
    public static ExitCode ShowRecipe(string recipe, bool json)
    {
        if (json) JsonOutput.Write(new { Recipe = recipe });
        else Page.Text(recipe);
        return ExitCode.Done;
    }

    /// <summary>The facts of a run that came to its end.</summary>
    public static List<(string Name, string Value)> Facts(PretrainResult result, string run)
    {
        var facts = new List<(string, string)>
        {
            ("training loss", Figures.Number(result.TrainLoss)),
            ("steps", $"{Figures.Count(result.Steps)}, {Figures.Count(result.Tokens, "token")}"),
            ("time", $"{Figures.Duration(TimeSpan.FromSeconds(result.Seconds))}, {Figures.Count((long)result.TokensPerSecond)} tokens/s"),
            ("model", result.Model),
            ("report", ReportPath(run)),
        };
        if (result.ValidationLoss is { } loss) facts.Insert(0, ("validation loss", Figures.Number(loss) + (result.ValidationBitsPerByte is { } bits ? $", {Figures.Number(bits)} bits per byte" : "")));
        return facts;
    }

    /// <summary>Says after an interruption how to go on.</summary>
    public static void TellInterrupted(PretrainResult result, string command, string run) => Terminal.WriteLine(
        $"Interrupted after {Figures.Count(result.Steps, "step")}, everything is saved. Go on with: coppice {command} --resume -o {ShellWord(run)}");

    /// <summary>A path as one word of a command line.</summary>
    public static string ShellWord(string path) =>
        path.Any(c => !char.IsAsciiLetterOrDigit(c) && !"/\\._-:+".Contains(c, StringComparison.Ordinal)) ? $"\"{path}\"" : path;

    private static string ReportPath(string run) => Path.Combine(run, RunReport.FileName);

    private sealed record Plan(long Steps, long Tokens, string Recipe);
}
