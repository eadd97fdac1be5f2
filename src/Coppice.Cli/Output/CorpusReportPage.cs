using Coppice.Corpus;
using Coppice.Corpus.Building;
using Coppice.Training.Reports;

namespace Coppice.Cli.Output;

/// <summary>The report of a corpus's build as a page: what each step dropped and what that was, and what is left.</summary>
internal static class CorpusReportPage
{
    private const int LongestExcerpt = 180, MostListed = 20;

    /// <summary>The page.</summary>
    /// <param name="report">The report.</param>
    /// <param name="recipe">The recipe as YAML.</param>
    public static string ToHtml(BuildReport report, string recipe)
    {
        var page = new HtmlPage("Corpus", $"{report.Recipe}: {string.Join(", ", report.Inputs)}");
        page.Numbers([
            ("Documents", Figures.Count(report.DocumentsOut), $"of {Figures.Count(report.DocumentsIn)}"),
            ("Text", Figures.Bytes(report.BytesOut), $"of {Figures.Bytes(report.BytesIn)}"),
            ("Kept", Share(report.BytesOut, report.BytesIn), "of the text"),
            ("Files", Figures.Count(report.FilesRead), ""),
            ("Quarantined", Figures.Count(report.Quarantined), report.Quarantined > 0 ? BuildReport.QuarantineFile : ""),
        ]);
        AddWarnings(page, report);
        AddFunnel(page, report);
        foreach (var step in report.Steps) AddStep(page, step);
        AddProfile(page, report);
        page.Heading("Recipe");
        page.Preformatted(recipe);
        return page.ToString();
    }

    private static void AddWarnings(HtmlPage page, BuildReport report)
    {
        if (report.Warnings.Count > 0)
        {
            page.Heading("Look at this");
            page.List(report.Warnings);
        }

        var reading = new[] { ("not usable", report.DroppedByReaders), ("file skipped", report.SkippedFiles), ("problem", report.Problems) }
            .SelectMany(kind => kind.Item2.Select(entry => (IReadOnlyList<string>)[$"{kind.Item1}: {entry.Key}", Figures.Count(entry.Value.Count), entry.Value.Examples[0]]))
            .ToList();
        if (reading.Count == 0) return;
        page.Heading("Reading");
        page.Grid(["", "number", "such as"], reading);
    }

    private static void AddFunnel(HtmlPage page, BuildReport report)
    {
        page.Heading("What each step did");
        page.Grid(
            ["step", "documents in", "dropped", "", "changed", "documents out", "text out", "of all text"],
            [.. report.Steps.Select(step => (IReadOnlyList<string>)
            [
                step.Name,
                Figures.Count(step.DocumentsIn),
                Figures.Count(step.Dropped),
                Share(step.Dropped, step.DocumentsIn),
                Figures.Count(step.Changed),
                Figures.Count(step.DocumentsOut),
                Figures.Bytes(step.BytesOut),
                Share(step.BytesOut, report.BytesIn),
            ])]);
    }

    private static void AddStep(HtmlPage page, StepStatistics step)
    {
        if (step is { Dropped: 0, Changed: 0 }) return;
        page.Heading(step.Name);
        if (step.Changes.Count > 0) page.Grid(["changed", "times"], [.. step.Changes.OrderByDescending(change => change.Value).Select(change => (IReadOnlyList<string>)[change.Key, Figures.Count(change.Value)])]);
        foreach (var (reason, dropped) in step.Reasons.OrderByDescending(reason => reason.Value.Documents))
        {
            page.Paragraph($"{Figures.Count(dropped.Documents)} dropped ({Share(dropped.Documents, step.DocumentsIn)}, {Figures.Bytes(dropped.Bytes)}): {reason}. {(dropped.Documents > dropped.Examples.Count ? "Some at random:" : "They are:")}");
            page.Grid(["document", "measured", "text"], [.. dropped.Examples.Select(Row)]);
        }

        if (step.Nearest.Count == 0) return;
        page.Paragraph("Kept, but nearest to being dropped:");
        page.Grid(["document", "measured", "text"], [.. step.Nearest.Select(Row)]);
    }

    private static IReadOnlyList<string> Row(DocumentExample example)
    {
        var measured = example.Measured is { } measurement ? $"{measurement.Rule}: {Figures.Number(measurement.Value)} (line at {Figures.Number(measurement.Threshold)})" : "";
        if (example.Because is { } because) measured = $"{measured} repeats {because}".TrimStart();
        var text = example.Excerpt.ReplaceLineEndings(" ");
        if (text.Length > LongestExcerpt) text = text[..(char.IsHighSurrogate(text[LongestExcerpt - 1]) ? LongestExcerpt - 1 : LongestExcerpt)];
        return [$"{example.Id} ({Figures.Count(example.Characters)} characters)", measured, text.Length < example.Characters ? $"{text} …" : text];
    }

    private static void AddProfile(HtmlPage page, BuildReport report)
    {
        page.Heading("What is left");
        page.Chart(new LineChart
        {
            Title = "Documents by length, percent",
            XLabel = "length in characters, as a power of two",
            FromZero = true,
            Series =
            [
                new ChartSeries("read", Shares(report.LengthsIn), Color: 2),
                new ChartSeries("kept", Shares(report.Profile.Lengths)),
            ],
        });
        AddCounts(page, "language", [.. report.Profile.Languages.Select(language => language with { Reason = language.Reason.Length == 0 ? "(not known)" : language.Reason })], report.DocumentsOut);
        AddCounts(page, "domain", report.Profile.Domains, report.DocumentsOut);
        AddCounts(page, "four words that recur", report.Profile.Ngrams, null);
        AddCounts(page, "documents that stand for", [.. report.Profile.Clusters.Select(cluster => new ReasonCount($"{1L << cluster.Key} to {(2L << cluster.Key) - 1} documents", cluster.Value))], report.DocumentsOut);
    }

    private static void AddCounts(HtmlPage page, string what, IReadOnlyList<ReasonCount> counts, long? of)
    {
        if (counts.Count == 0) return;
        page.Grid([what, "number", of is null ? "" : "of all"], [.. counts.Take(MostListed).Select(count => (IReadOnlyList<string>)[count.Reason, Figures.Count(count.Count), of is { } all ? Share(count.Count, all) : ""])]);
    }

    private static List<(double X, double Y)> Shares(IReadOnlyDictionary<int, long> counts)
    {
        var all = Math.Max(1, counts.Values.Sum());
        var last = counts.Count == 0 ? 0 : counts.Keys.Max();
        return [.. Enumerable.Range(0, last + 1).Select(length => ((double)length, 100.0 * counts.GetValueOrDefault(length) / all))];
    }

    private static string Share(long part, long all) => all == 0 ? "" : Figures.Percent((double)part / all);
}
