using Coppice.Foundation;
using Coppice.Testing;

namespace Coppice.Corpus.Tests;

public sealed class CorpusPipelineTests
{
    [Fact]
    public void Empty_texts_and_exact_duplicates_are_dropped_and_counted()
    {
        using var folder = new TemporaryFolder();
        folder.Write("1.txt", "same");
        folder.Write("2.txt", "other ü");
        folder.Write("3.txt", "same");
        folder.Write("4.txt", " \n\t");
        folder.Write("5.txt", "");
        var report = new CorpusReport();
        var pipeline = new CorpusPipeline([new CorpusInput(folder.Root, "mine")]);
        Assert.Equal(["1.txt", "2.txt"], pipeline.Run(report).Select(document => document.Id));
        Assert.Equal((5, 5, 2), (report.FilesRead, report.DocumentsRead, report.DocumentsKept));
        Assert.Equal((4 + 8 + 4 + 3, 4 + 8), (report.BytesRead, report.BytesKept));
        Assert.Equal(1, report.Dropped["exact duplicate"].Count);
        Assert.Equal("mine: 3.txt", Assert.Single(report.Dropped["exact duplicate"].Examples));
        Assert.Equal(2, report.Dropped["empty or white space only"].Count);
        Assert.Equal((2, 12), (report.Sources["mine"].Documents, report.Sources["mine"].Bytes));

        // A second pass starts afresh: nothing of the first one counts as seen.
        Assert.Equal(2, pipeline.Run(new CorpusReport()).Count());
    }

    [Fact]
    public void Steps_can_rewrite()
    {
        using var folder = new TemporaryFolder();
        folder.Write("1.txt", "a");
        folder.Write("2.txt", "B");
        var report = new CorpusReport();
        var documents = new CorpusPipeline([new CorpusInput(folder.Root)], [new UpperCase()]).Run(report).ToList();
        Assert.Equal(["A", "B"], documents.Select(document => document.Text));
        Assert.Equal(1, report.Rewrites);
    }

    [Fact]
    public void A_folder_without_text_is_an_error_that_says_what_was_found()
    {
        using var folder = new TemporaryFolder();
        folder.Write("picture.png", "x");
        folder.Write("empty.txt", "");
        var error = Assert.Throws<CoppiceException>(() => new CorpusPipeline([new CorpusInput(folder.Root)]).Run(new CorpusReport()).ToList());
        Assert.Contains(folder.Root, error.Message, StringComparison.Ordinal);
        Assert.Contains("1 file(s) skipped: unknown format '.png'", error.Message, StringComparison.Ordinal);
        Assert.Contains("1 dropped: empty", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void An_empty_folder_and_no_input_at_all_are_errors()
    {
        using var folder = new TemporaryFolder();
        Assert.Throws<CoppiceException>(() => new CorpusPipeline([new CorpusInput(folder.Root)]).Run(new CorpusReport()).ToList());
        Assert.Throws<CoppiceException>(() => new CorpusPipeline([]).Run(new CorpusReport()).ToList());
    }

    [SharedDataFact("data/text/peps.jsonl.gz")]
    public void The_python_proposals_are_736_documents()
    {
        var (documents, report) = ReaderTests.Read(SharedData.At("data/text/peps.jsonl.gz"));
        Assert.Equal(736, documents.Count);
        Assert.Empty(report.Dropped);
        Assert.All(documents, document => Assert.Equal("python/peps", document.Source));
        Assert.Equal("2000-06-13", documents[0].Date);
    }

    private sealed class UpperCase : IDocumentStep
    {
        public string Name => "upper-case";

        public Func<Document, StepResult> Begin() => document =>
        {
            var text = document.Text.ToUpperInvariant();
            return StepResult.Keep(text == document.Text ? document : document with { Text = text });
        };
    }
}
