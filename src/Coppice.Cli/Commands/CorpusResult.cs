using Coppice.Cli.Output;
using Coppice.Corpus;

namespace Coppice.Cli.Commands;

/// <summary>What <c>coppice corpus build</c> prints.</summary>
internal sealed record CorpusResult(
    long FilesRead,
    long DocumentsIn,
    long DocumentsOut,
    long BytesIn,
    long BytesOut,
    IReadOnlyList<StepCount> Steps,
    IReadOnlyDictionary<string, long> SkippedFiles,
    IReadOnlyDictionary<string, long> Problems,
    IReadOnlyList<SourceCount> Sources,
    CorpusPart? Train,
    CorpusPart? Validation,
    string? Output)
{
    private const string ReadingStep = "read";

    /// <summary>The result of a pass.</summary>
    /// <param name="report">What the pass counted.</param>
    /// <param name="steps">Its steps.</param>
    /// <param name="manifest">What was written, or null where nothing was.</param>
    /// <param name="output">Where, or null.</param>
    public static CorpusResult Of(CorpusReport report, IReadOnlyList<CountedStep> steps, CorpusManifest? manifest, string? output)
    {
        // What the readers dropped themselves (a line that is no JSON, a file that is no text) is what no step accounts for.
        var bySteps = steps.SelectMany(step => step.Reasons.Keys).ToHashSet();
        var reading = report.Dropped.Where(entry => !bySteps.Contains(entry.Key)).ToDictionary(entry => entry.Key, entry => entry.Value.Count);
        return new CorpusResult(
            report.FilesRead,
            // With these, what went in is what came out and what was dropped.
            report.DocumentsRead + reading.Values.Sum(),
            report.DocumentsKept,
            report.BytesRead,
            report.BytesKept,
            [StepCount.Of(ReadingStep, reading), .. steps.Select(step => StepCount.Of(step.Name, step.Reasons))],
            report.SkippedFiles.ToDictionary(entry => entry.Key, entry => entry.Value.Count),
            report.Problems.ToDictionary(entry => entry.Key, entry => entry.Value.Count),
            [.. report.Sources.Select(entry => new SourceCount(entry.Key, entry.Value.Documents, entry.Value.Bytes))],
            manifest?.Train,
            manifest?.Validation,
            output);
    }

    /// <summary>Prints it as text.</summary>
    /// <param name="report">The report that it was made of, which also knows examples.</param>
    public void Describe(CorpusReport report)
    {
        Page.Facts(
            ("read", $"{Figures.Count(DocumentsIn, "document")}, {Figures.Bytes(BytesIn)}, from {Figures.Count(FilesRead, "file")}"),
            ("kept", $"{Figures.Count(DocumentsOut, "document")}, {Figures.Bytes(BytesOut)}"));
        Page.Counts("dropped", report.Dropped);
        Page.Counts("files skipped", report.SkippedFiles);
        Page.Counts("problems in what was kept", report.Problems);
        Page.Line();
        Page.Table(["source", "documents", "bytes"], [.. Sources.Select(source => new[] { source.Name, Figures.Count(source.Documents), Figures.Count(source.Bytes) })]);
        if (Output is null) return;
        Page.Line();
        if (Validation is not null) Page.Line($"{Figures.Count(Train!.Documents, "document")} for training, {Figures.Count(Validation.Documents)} for validation");
        Page.Line($"written to {Output}");
    }
}

/// <summary>What a step of curation dropped.</summary>
internal sealed record StepCount(string Name, long Dropped, IReadOnlyDictionary<string, long> Reasons)
{
    /// <summary>The counts of a step.</summary>
    public static StepCount Of(string name, IReadOnlyDictionary<string, long> reasons) => new(name, reasons.Values.Sum(), reasons);
}

/// <summary>What was kept of a source.</summary>
internal sealed record SourceCount(string Name, long Documents, long Bytes);
