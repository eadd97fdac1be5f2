using Coppice.Corpus.Extraction;
using Coppice.Foundation;

namespace Coppice.Corpus;

/// <summary>
/// Readers, then steps, as a stream: documents come out in a fixed order (inputs as given, files in ordinal order, documents as in the file),
/// and at no time are more than a few of them in memory.
/// </summary>
/// <param name="inputs">What to read.</param>
/// <param name="steps">The steps in their order; null for the usual ones: pages as their text, without empty documents and exact duplicates.</param>
/// <param name="options">How to read; null for the defaults.</param>
public sealed class CorpusPipeline(IReadOnlyList<CorpusInput> inputs, IReadOnlyList<IDocumentStep>? steps = null, ReaderOptions? options = null)
{
    /// <summary>The steps where none are given.</summary>
    public static IReadOnlyList<IDocumentStep> DefaultSteps { get; } = [new ExtractHtml(), new DropEmpty(), new ExactDuplicates()];

    private readonly IReadOnlyList<IDocumentStep> _steps = steps ?? DefaultSteps;
    private readonly ReaderOptions _options = options ?? new ReaderOptions();

    /// <summary>Runs one pass over everything. The report is complete when the stream has ended.</summary>
    /// <param name="report">Takes the counts of this pass.</param>
    /// <param name="cancellation">Stops the pass between two documents.</param>
    /// <exception cref="CoppiceException">An input does not exist, or nothing at all was kept: the message says what was found instead.</exception>
    public IEnumerable<Document> Run(CorpusReport report, CancellationToken cancellation = default)
    {
        if (inputs.Count == 0) throw CoppiceException.Usage("No text was given: name at least one file, folder or pattern.");
        var filters = _steps.Select(step => step.Begin()).ToArray();
        foreach (var input in inputs)
        {
            foreach (var read in input.Read(_options, report))
            {
                cancellation.ThrowIfCancellationRequested();
                report.CountRead(read);
                if (Filter(read, filters, report) is not { } kept) continue;
                report.CountKept(kept);
                yield return kept;
            }
        }

        if (report.DocumentsKept == 0) throw new CoppiceException(DescribeNothingKept(report));
    }

    private static Document? Filter(Document document, Func<Document, StepResult>[] filters, CorpusReport report)
    {
        foreach (var filter in filters)
        {
            var result = filter(document);
            if (result.Document is null)
            {
                report.Drop(result.Reason ?? "no reason given", $"{document.Source}: {document.Id}");
                return null;
            }

            if (!ReferenceEquals(result.Document, document)) report.CountRewrite();
            document = result.Document;
        }

        return document;
    }

    private string DescribeNothingKept(CorpusReport report)
    {
        var reasons = report.SkippedFiles.Select(skipped => $"{skipped.Value.Count} file(s) skipped: {skipped.Key}")
            .Concat(report.Dropped.Select(dropped => $"{dropped.Value.Count} dropped: {dropped.Key}"))
            .ToList();
        var found = reasons.Count == 0 ? "there were no files" : string.Join("; ", reasons);
        return $"{string.Join(", ", inputs.Select(input => input.Path))}: no text was found ({found}). "
            + $"Name files or folders with text in one of these formats: {string.Join(", ", DocumentReaders.All.Select(reader => reader.Format))}.";
    }
}
