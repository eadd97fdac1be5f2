using Coppice.Testing;

namespace Coppice.Corpus.Tests.Deduplication;

/// <summary>Chapters of real books.</summary>
internal static class Books
{
    public static List<string> Chapters() =>
        [.. new CorpusPipeline([new CorpusInput(SharedData.At("data/text/books.jsonl.gz"))]).Run(new CorpusReport()).Select(document => document.Text)];
}
