using System.Diagnostics;
using Coppice.Corpus;
using Coppice.Corpus.Building;

namespace Coppice.Benchmarks;

/// <summary>What is built in a <see cref="CurationBenchmark"/>.</summary>
/// <param name="Bytes">Bytes of text.</param>
/// <param name="Preset">The recipe.</param>
/// <param name="Memory">Memory that the build may take; 0 for its default.</param>
/// <param name="Threads">Threads; 0 for one a core.</param>
public sealed record CurationShape(long Bytes, string Preset, long Memory, int Threads);

/// <summary>What building a corpus took.</summary>
/// <param name="Documents">Documents that were read.</param>
/// <param name="DocumentsKept">Documents that were left.</param>
/// <param name="InputMib">MiB of files that were read.</param>
/// <param name="Seconds">Time of the build.</param>
/// <param name="MibPerSecond">MiB of files a second.</param>
/// <param name="PeakMemoryMib">The most memory that the process had resident by then, in MiB.</param>
/// <param name="DiskMib">MiB of the corpus on the disk, with what is kept for the next build.</param>
/// <param name="Parts">Its parts in order.</param>
/// <param name="Added">What building again with a twentieth of new text took.</param>
/// <param name="AddedRepeating">What building again took with a twentieth of text of which a fifth repeats older documents.</param>
public sealed record CurationResult(
    long Documents, long DocumentsKept, double InputMib, double Seconds, double MibPerSecond, double PeakMemoryMib, double DiskMib, IReadOnlyList<BuildPart> Parts, AddedResult Added, AddedResult AddedRepeating);

/// <summary>What building a grown corpus again took.</summary>
/// <param name="InputMib">MiB of new files.</param>
/// <param name="Seconds">Time of the build.</param>
/// <param name="ShareOfTime">Its share of the first build's time.</param>
/// <param name="ShareOfText">The new files' share of the first build's.</param>
/// <param name="Parts">The parts of the build in order.</param>
public sealed record AddedResult(double InputMib, double Seconds, double ShareOfTime, double ShareOfText, IReadOnlyList<BuildPart> Parts);

/// <summary>A part of a build.</summary>
/// <param name="Name">What is done.</param>
/// <param name="Seconds">How long.</param>
public sealed record BuildPart(string Name, double Seconds);

/// <summary>A whole build of a corpus of made-up text, then twice again with some more.</summary>
public static class CurationBenchmark
{
    private const double Mebibyte = 1 << 20;
    private const int AddedPart = 20;

    /// <summary>Makes the text, measures, and deletes all of it.</summary>
    /// <param name="shape">What is built.</param>
    /// <param name="folder">Where the text and the corpus go for so long; about three times the text.</param>
    /// <param name="show">Told how far a build has come.</param>
    /// <param name="cancellation">Stops.</param>
    public static CurationResult Run(CurationShape shape, string folder, Action<BuildProgress> show, CancellationToken cancellation)
    {
        var work = Path.Combine(folder, $"coppice-bench-{Environment.ProcessId}");
        try
        {
            var options = new CorpusBuildOptions
            {
                Inputs = [new CorpusInput(Path.Combine(work, "text"))],
                Output = Path.Combine(work, "corpus"),
                Recipe = CurationPresets.Get(shape.Preset),
                Memory = shape.Memory,
                Threads = shape.Threads,
            };
            var text = new MadeText(Path.Combine(work, "text"));
            show(new BuildProgress("Making text", 0, 0, 0, 0));
            var input = text.Add(shape.Bytes, repeatsOlder: true);
            var (result, parts) = Build(options, show, cancellation);
            var seconds = parts.Sum(part => part.Seconds);
            var (peak, disk) = (PeakMemory.Mebibytes, Directory.EnumerateFiles(options.Output, "*", SearchOption.AllDirectories).Sum(file => new FileInfo(file).Length));
            var added = new[] { false, true }.Select(repeats =>
            {
                var more = text.Add(shape.Bytes / AddedPart, repeats);
                var again = Build(options, show, cancellation).Parts;
                var took = again.Sum(part => part.Seconds);
                return new AddedResult(more / Mebibyte, took, took / seconds, (double)more / input, again);
            }).ToList();
            return new CurationResult(
                result.Report.DocumentsIn, result.Report.DocumentsOut, input / Mebibyte, seconds, input / Mebibyte / seconds, peak, disk / Mebibyte, parts, added[0], added[1]);
        }
        finally
        {
            if (Directory.Exists(work)) Directory.Delete(work, recursive: true);
        }
    }

    private static (BuildResult Result, List<BuildPart> Parts) Build(CorpusBuildOptions options, Action<BuildProgress> show, CancellationToken cancellation)
    {
        var parts = new List<BuildPart>();
        var (doing, start) = ("", Stopwatch.GetTimestamp());
        void Begin(string next)
        {
            if (doing.Length > 0) parts.Add(new BuildPart(doing, Stopwatch.GetElapsedTime(start).TotalSeconds));
            (doing, start) = (next, Stopwatch.GetTimestamp());
        }

        var result = new CorpusBuild(options).Run(
            progress =>
            {
                if (progress.Doing != doing) Begin(progress.Doing);
                show(progress);
            },
            cancellation);
        Begin("");
        return (result, parts);
    }
}
