using Coppice.Cli.Output;
using Coppice.Continual.Reports;
using Coppice.Continual.Updates;
using Coppice.Training.Reports;

namespace Coppice.Cli.Commands;

/// <summary>What an update did, on the terminal.</summary>
internal static class UpdateOutput
{
    /// <summary>The verdict, the sources, and what to do next.</summary>
    public static void Describe(UpdateResult result, string run)
    {
        Page.Line(result.Accepted ? "accepted: the updated model is released" : "REFUSED: the parent stays the released model");
        Page.Line();
        Page.Line("Bits per byte of what was kept apart of each source:");
        Page.Table(
            ["source", "before", "after", "worst", "change", "95 % interval"],
            [.. result.Sources.Select(source => (IReadOnlyList<string>)[
                source.New ? source.Name + " (new)" : source.Name, Figures.Number(source.BitsPerByteBefore), Figures.Number(source.BitsPerByteAfter), Figures.Number(source.BitsPerByteWorst),
                NumberText.Change(source.ChangePercent), source is { Low: { } low, High: { } high } ? $"{NumberText.Change(low)} to {NumberText.Change(high)}" : ""])]);
        Page.Line();
        foreach (var bar in result.Verdict?.Bars.Where(bar => bar.Broken) ?? []) Page.Line($"broken: {bar.Name}: {bar.Explanation}");
        if (!result.Accepted)
        {
            Page.Line("What may help:");
            foreach (var advice in result.Verdict?.Advice ?? []) Page.Line($"  {advice}");
            Page.Line();
        }

        var facts = new List<(string, string)>
        {
            ("model", result.Model),
            ("update", $"{Figures.Count(result.Steps, "step")}, {Figures.Count(result.Tokens, "token")}, {Figures.Percent(result.ReplayShare)} of them old, in {Figures.Duration(TimeSpan.FromSeconds(result.Seconds))}"),
            ("report", Path.Combine(run, UpdateReport.FileName)),
        };
        if (result.Candidate is { } candidate) facts.Insert(1, ("candidate", candidate));
        if (result.ChildWeight < 1) facts.Add(("interpolated", $"{Figures.Percent(result.ChildWeight)} of the way from the parent to the update"));
        if (result.Flips is { } flips) facts.Add(("minimal pairs", $"{Figures.Count(flips.Positive)} now right, {Figures.Count(flips.Negative)} now wrong, of {Figures.Count(flips.Items)}"));
        Page.Facts(facts);
    }
}
