using System.Diagnostics;
using Coppice.Corpus;

namespace Coppice.Benchmarks;

/// <summary>Speed of reading and cleaning a text.</summary>
/// <param name="Documents">Documents kept.</param>
/// <param name="TextMib">Their text, in MiB of UTF-8.</param>
/// <param name="MibPerSecond">Text a second through reader, empty-document and exact-duplicate steps; median.</param>
public sealed record CorpusResult(long Documents, double TextMib, double MibPerSecond);

/// <summary>The usual pipeline from files to documents, on one thread.</summary>
public static class CorpusBenchmark
{
    private const int Rounds = 5;

    /// <summary>Measures.</summary>
    /// <param name="path">Files, a folder or a pattern.</param>
    public static CorpusResult Run(string path)
    {
        var seconds = new List<double>();
        var report = new CorpusReport();
        for (var round = 0; round <= Rounds; round++)
        {
            report = new CorpusReport();
            var start = Stopwatch.GetTimestamp();
            foreach (var _ in new CorpusPipeline([new CorpusInput(path)]).Run(report))
            {
                // Only the pass is measured; what it counts is in the report.
            }

            if (round > 0) seconds.Add(Stopwatch.GetElapsedTime(start).TotalSeconds);
        }

        seconds.Sort();
        var mib = report.BytesKept / 1048576.0;
        return new CorpusResult(report.DocumentsKept, mib, mib / seconds[Rounds / 2]);
    }
}
