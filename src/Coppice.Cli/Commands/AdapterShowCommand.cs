using System.CommandLine;
using Coppice.Adapters.Directories;
using Coppice.Cli.Output;

namespace Coppice.Cli.Commands;

/// <summary><c>coppice adapter show</c>: what an adapter is.</summary>
internal static class AdapterShowCommand
{
    public static Command Create()
    {
        var directory = new Argument<string>("ADAPTER") { Description = "An adapter's directory" };
        var command = new Command("show", "Show an adapter's method, size, targets and base") { directory, CommonOptions.Json };
        command.SetAction(parse =>
        {
            var summary = AdapterSummary.Of(parse.GetRequiredValue(directory));
            if (parse.GetValue(CommonOptions.Json)) JsonOutput.Write(summary);
            else Describe(summary);
        });
        return command;
    }

    private static void Describe(AdapterSummary summary)
    {
        var facts = new List<(string, string)> { ("method", summary.Method) };
        if (summary.Rank is { } rank) facts.Add(("rank", Figures.Count(rank)));
        if (summary.Alpha is { } alpha) facts.Add(("alpha", Figures.Number(alpha)));
        facts.Add(("targets", string.Join(", ", summary.Targets)));
        facts.Add(("parameters", Figures.Count(summary.Parameters)));
        facts.Add(("size", Figures.Bytes(summary.Bytes)));
        facts.Add(("base", (summary.Base ?? "not named") + summary.BaseIs switch
        {
            BaseState.Intact => "",
            BaseState.Changed => ", where another model is now",
            BaseState.Missing => ", where none is now",
            _ => summary.Base is null ? "" : ", whose fingerprint is not known",
        }));
        if (summary.Task is { } task) facts.Add(("head", task.ToString().ToLowerInvariant() + (summary.Labels.Count > 0 ? ": " + string.Join(", ", summary.Labels) : "")));
        Page.Facts(facts);
        foreach (var warning in summary.Warnings) Page.Line(warning);
    }
}
