using Coppice.Cli.Output;
using Coppice.Corpus;
using Coppice.Corpus.Building;

namespace Coppice.Cli.Commands;

/// <summary>What <c>coppice corpus build</c> prints.</summary>
internal sealed record CorpusResult(
    long FilesRead,
    long DocumentsIn,
    long DocumentsOut,
    long BytesIn,
    long BytesOut,
    IReadOnlyList<StepCount> Steps,
    long Quarantined,
    IReadOnlyDictionary<string, long> SkippedFiles,
    IReadOnlyDictionary<string, long> Problems,
    IReadOnlyList<string> Warnings,
    IReadOnlyList<SourceCount> Sources,
    CorpusPart Train,
    CorpusPart? Validation,
    long ChunksDone,
    long ChunksReused,
    string? Output)
{
    private const string ReadingStep = "read";

    /// <summary>The result of a build.</summary>
    /// <param name="result">The build.</param>
    /// <param name="output">Where it is, or null.</param>
    public static CorpusResult Of(BuildResult result, string? output)
    {
        var report = result.Report;
        var unusable = Counts(report.DroppedByReaders);
        return new CorpusResult(
            report.FilesRead,
            // With these, what went in is what came out and what was dropped.
            report.DocumentsIn + unusable.Values.Sum(),
            report.DocumentsOut,
            report.BytesIn,
            report.BytesOut,
            [new StepCount(ReadingStep, unusable.Values.Sum(), 0, unusable, new Dictionary<string, long>()), .. report.Steps.Select(StepCount.Of)],
            report.Quarantined,
            Counts(report.SkippedFiles),
            Counts(report.Problems),
            report.Warnings,
            SourcesOf(result.Manifest),
            result.Manifest.Train,
            result.Manifest.Validation,
            result.ChunksDone,
            result.ChunksReused,
            output);
    }

    /// <summary>Prints it as text.</summary>
    /// <param name="report">The report that it was made of, which also knows examples.</param>
    public void Describe(BuildReport report)
    {
        Page.Facts(
            ("read", $"{Figures.Count(DocumentsIn, "document")}, {Figures.Bytes(BytesIn)}, from {Figures.Count(FilesRead, "file")}"),
            ("kept", $"{Figures.Count(DocumentsOut, "document")}, {Figures.Bytes(BytesOut)}"));
        Page.Line();
        Page.Table(
            ["step", "dropped", "changed", "left", "bytes"],
            [.. report.Steps.Select(step => new[] { step.Name, Figures.Count(step.Dropped), Figures.Count(step.Changed), Figures.Count(step.DocumentsOut), Figures.Bytes(step.BytesOut) })]);
        DescribeCounts("dropped", [.. report.Steps.SelectMany(step => step.Reasons.Select(reason => ($"{step.Name}: {reason.Key}", reason.Value.Documents, reason.Value.Examples[0].Id)))]);
        DescribeCounts("dropped while reading", Places(report.DroppedByReaders));
        DescribeCounts("files skipped", Places(report.SkippedFiles));
        DescribeCounts("problems in what was kept", Places(report.Problems));
        if (Quarantined > 0) Page.Line($"\n  {Figures.Count(Quarantined, "document")} in {BuildReport.QuarantineFile}");
        if (Warnings.Count > 0) Page.Line("\n  look at this");
        foreach (var warning in Warnings) Page.Line($"    {warning}");
        Page.Line();
        Page.Table(["source", "documents", "bytes"], [.. Sources.Select(source => new[] { source.Name, Figures.Count(source.Documents), Figures.Count(source.Bytes) })]);
        if (Output is null) return;
        Page.Line();
        if (Validation is not null) Page.Line($"{Figures.Count(Train.Documents, "document")} for training, {Figures.Count(Validation.Documents)} for validation");
        if (ChunksReused > 0) Page.Line($"{Figures.Count(ChunksReused)} of {Figures.Count(ChunksReused + ChunksDone, "chunk")} were done before");
        Page.Line($"written to {Output}");
    }

    private static void DescribeCounts(string title, IReadOnlyList<(string Reason, long Count, string Example)> counts)
    {
        if (counts.Count == 0) return;
        Page.Line();
        Page.Line($"  {title}");
        var width = counts.Max(entry => entry.Reason.Length);
        var countWidth = counts.Max(entry => Figures.Count(entry.Count).Length);
        foreach (var (reason, count, example) in counts) Page.Line($"    {Figures.Count(count).PadLeft(countWidth)}  {reason.PadRight(width)}  such as {Figures.Printable(example)}");
    }

    private static IReadOnlyList<(string, long, string)> Places(IReadOnlyDictionary<string, CountedExamples> counts) =>
        [.. counts.Select(entry => (entry.Key, entry.Value.Count, entry.Value.Examples[0]))];

    private static Dictionary<string, long> Counts(IReadOnlyDictionary<string, CountedExamples> counts) => counts.ToDictionary(entry => entry.Key, entry => entry.Value.Count);

    private static IReadOnlyList<SourceCount> SourcesOf(CorpusManifest manifest) =>
    [
        .. manifest.Train.Sources.Concat(manifest.Validation?.Sources ?? new Dictionary<string, CorpusSourceCount>())
            .GroupBy(source => source.Key, source => source.Value, StringComparer.Ordinal)
            .OrderBy(source => source.Key, StringComparer.Ordinal)
            .Select(source => new SourceCount(source.Key, source.Sum(part => part.Documents), source.Sum(part => part.Bytes))),
    ];
}

/// <summary>What a step of curation did.</summary>
internal sealed record StepCount(string Name, long Dropped, long Changed, IReadOnlyDictionary<string, long> Reasons, IReadOnlyDictionary<string, long> Changes)
{
    /// <summary>The counts of a step.</summary>
    public static StepCount Of(StepStatistics step) =>
        new(step.Name, step.Dropped, step.Changed, step.Reasons.ToDictionary(reason => reason.Key, reason => reason.Value.Documents), step.Changes);
}

/// <summary>What was kept of a source.</summary>
internal sealed record SourceCount(string Name, long Documents, long Bytes);
