using System.Diagnostics;
using System.Text;
using Coppice.Corpus;
using Coppice.Corpus.Edits;
using Coppice.Corpus.Privacy;
using Coppice.Corpus.Quality;
using Coppice.Corpus.Unicode;

namespace Coppice.Benchmarks;

/// <summary>Speed of reading and cleaning a text.</summary>
/// <param name="Documents">Documents kept.</param>
/// <param name="TextMib">Their text, in MiB of UTF-8.</param>
/// <param name="Rows">What was measured.</param>
public sealed record CorpusResult(long Documents, double TextMib, IReadOnlyList<CorpusRow> Rows);

/// <summary>The speed of one part of the work, on one thread.</summary>
/// <param name="Name">What was measured.</param>
/// <param name="MibPerSecond">UTF-8 text a second; the median of a few passes.</param>
public sealed record CorpusRow(string Name, double MibPerSecond);

/// <summary>The parts of curation, each on one thread: reading from files; the others from documents in memory.</summary>
public static class CorpusBenchmark
{
    private const int Rounds = 5;

    private static readonly (string Name, Func<IReadOnlyList<IDocumentStep>> Steps)[] StepRows =
    [
        ("gopher + c4 + fineweb", () => [new GopherQuality(), new GopherRepetition(), new C4(new() { RequireTerminalPunctuation = false }), new FineWebQuality()]),
        ("gopher-quality", () => [new GopherQuality()]),
        ("gopher-repetition", () => [new GopherRepetition()]),
        ("c4", () => [new C4()]),
        ("fineweb-quality", () => [new FineWebQuality()]),
        ("pii-mask", () => [new PiiMask()]),
        ("unicode-repair", () => [new UnicodeRepair()]),
        ("prox rules", () => [new Prox()]),
    ];

    /// <summary>Measures.</summary>
    /// <param name="path">Files, a folder or a pattern.</param>
    public static CorpusResult Run(string path)
    {
        var documents = new List<Document>();
        var reading = Median(() => documents = [.. new CorpusPipeline([new CorpusInput(path)]).Run(new CorpusReport())]);
        var mib = documents.Sum(document => (long)Encoding.UTF8.GetByteCount(document.Text)) / 1048576.0;
        List<CorpusRow> rows = [new("reading", mib / reading)];
        foreach (var (name, steps) in StepRows.Concat(ScoringBenchmark.Rows(documents))) rows.Add(new(name, mib / Median(() => RunAll(documents, steps()))));
        foreach (var (name, pass) in DeduplicationBenchmark.Passes(documents)) rows.Add(new(name, mib / Median(pass)));
        return new CorpusResult(documents.Count, mib, rows);
    }

    /// <summary>Every document goes through every step, also where one drops it: what is measured does not depend on how good the text is.</summary>
    private static void RunAll(List<Document> documents, IReadOnlyList<IDocumentStep> steps)
    {
        var functions = steps.Select(step => step.Begin()).ToArray();
        foreach (var document in documents)
        {
            var current = document;
            foreach (var function in functions) current = function(current).Document ?? current;
        }
    }

    private static double Median(Action pass)
    {
        pass();
        var seconds = new List<double>();
        for (var round = 0; round < Rounds; round++)
        {
            var start = Stopwatch.GetTimestamp();
            pass();
            seconds.Add(Stopwatch.GetElapsedTime(start).TotalSeconds);
        }

        seconds.Sort();
        return seconds[Rounds / 2];
    }
}
