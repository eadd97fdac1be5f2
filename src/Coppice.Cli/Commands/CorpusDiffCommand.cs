using System.CommandLine;
using Coppice.Cli.Output;
using Coppice.Corpus.Building;

namespace Coppice.Cli.Commands;

/// <summary><c>coppice corpus diff</c>: what one corpus has and another has not, and why.</summary>
internal static class CorpusDiffCommand
{
    public static Command Create()
    {
        var first = new Argument<string>("A") { Description = "A folder that 'coppice corpus build' wrote" };
        var second = new Argument<string>("B") { Description = "Another one" };
        var command = new Command("diff", "Show what two corpora have in common, what only one has, and what the other build made of it") { first, second, CommonOptions.Json };
        command.SetAction(parse =>
        {
            using var interruption = new Interruption("Stopping.");
            var (a, b) = (parse.GetRequiredValue(first), parse.GetRequiredValue(second));
            var comparison = CorpusDiff.Of(a, b, interruption.Token);
            if (parse.GetValue(CommonOptions.Json))
            {
                JsonOutput.Write(comparison);
                return;
            }

            Page.Facts(("in both", $"{Figures.Count(comparison.Common, "document")}, {Figures.Bytes(comparison.CommonBytes)}"));
            Describe(a, b, comparison.OnlyFirst);
            Describe(b, a, comparison.OnlySecond);
        });
        return command;
    }

    private static void Describe(string corpus, string other, CorpusDifference difference)
    {
        Page.Line();
        Page.Line($"only in {corpus}: {Figures.Count(difference.Documents, "document")}, {Figures.Bytes(difference.Bytes)}");
        if (difference.Documents == 0) return;
        foreach (var (reason, count) in difference.Reasons) Page.Line($"  {Figures.Count(count)} in the build of {other}: {reason}");
        Page.Table(["source", "documents", "bytes"], [.. difference.Sources.Select(source => new[] { source.Key, Figures.Count(source.Value.Documents), Figures.Count(source.Value.Bytes) })]);
        foreach (var example in difference.Examples) Page.Line($"  {Figures.Printable(example.Id)}: {Figures.Printable(example.Excerpt.ReplaceLineEndings(" "))}");
    }
}
