using Coppice.Cli.Output;
using Coppice.Corpus;

namespace Coppice.Cli.Progress;

/// <summary>Says on stderr what of a text was not used, so that nothing disappears unseen where text is only a means.</summary>
internal static class CorpusNotes
{
    /// <summary>A line for each reason.</summary>
    public static void Tell(CorpusReport report)
    {
        foreach (var (counts, what) in new[] { (report.Dropped, "dropped"), (report.SkippedFiles, "skipped"), (report.Problems, "noted") })
        {
            foreach (var (reason, entry) in counts) Terminal.WriteLine($"{what} {Figures.Count(entry.Count)}: {reason}, such as {entry.Examples[0]}");
        }
    }
}
