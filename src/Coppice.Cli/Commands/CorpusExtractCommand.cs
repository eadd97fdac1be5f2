using System.CommandLine;
using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Serialization;
using Coppice.Cli.Output;
using Coppice.Cli.Progress;
using Coppice.Corpus;
using Coppice.Corpus.Extraction;
using Coppice.Foundation;

namespace Coppice.Cli.Commands;

/// <summary><c>coppice corpus extract</c>: the main content of pages, a line for each, also for those without any.</summary>
internal static class CorpusExtractCommand
{
    private static readonly JsonSerializerOptions LineFormat = new()
    {
        PropertyNamingPolicy = JsonNamingPolicy.SnakeCaseLower,
        Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping,
        DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull,
    };

    public static Command Create()
    {
        var inputs = new Argument<string[]>("PATH") { Description = "Pages: files, folders, patterns or web archives", Arity = ArgumentArity.OneOrMore };
        var output = CommonOptions.Output("FILE.jsonl", "The file to write: a line of JSON with id, text, title and date for each page");
        var command = new Command("extract", "Write the main content of web pages") { inputs, output, CommonOptions.Threads, CommonOptions.Json };
        command.SetAction(parse =>
        {
            using var interruption = new Interruption("Stopping; nothing is written.");
            var report = new CorpusReport();
            var documents = parse.GetRequiredValue(inputs).SelectMany(path => new CorpusInput(path).Read(new ReaderOptions(), report));
            var threads = parse.GetValue(CommonOptions.Threads) is > 0 and var given ? given : Environment.ProcessorCount;
            var (pages, empty) = (0L, 0L);
            AtomicFile.Write(parse.GetRequiredValue(output), stream => Stage.Run("Extracting", show =>
            {
                foreach (var page in Extract(documents, threads, interruption.Token))
                {
                    JsonSerializer.Serialize(stream, page, LineFormat);
                    stream.WriteByte((byte)'\n');
                    pages++;
                    if (page.Reason is not null) empty++;
                    show(() => Figures.Count(pages, "page"));
                }

                return pages;
            }));
            CorpusNotes.Tell(report);
            if (pages == 0) throw new CoppiceException("There was no page to extract from. Name files, folders or patterns with web pages.");
            if (parse.GetValue(CommonOptions.Json)) JsonOutput.Write(new ExtractResult(pages, empty, parse.GetRequiredValue(output)));
            else Page.Line($"{Figures.Count(pages, "page")}, {Figures.Count(empty)} without main content, written to {parse.GetRequiredValue(output)}");
        });
        return command;
    }

    private static IEnumerable<ExtractedLine> Extract(IEnumerable<Document> documents, int threads, CancellationToken cancellation)
    {
        using var steps = new ThreadLocal<Func<Document, StepResult>>(() => new ExtractHtml().Begin());
        foreach (var line in documents.AsParallel().AsOrdered().WithDegreeOfParallelism(threads).WithMergeOptions(ParallelMergeOptions.NotBuffered).WithCancellation(cancellation).Select(document =>
        {
            var result = steps.Value!(document);
            return new ExtractedLine(document.Id, result.Document?.Text ?? "", result.Document?.Title, result.Document?.Date, result.Reason);
        }))
        {
            yield return line;
        }
    }

    private sealed record ExtractedLine(string Id, string Text, string? Title, string? Date, string? Reason);

    private sealed record ExtractResult(long Documents, long WithoutContent, string Output);
}
