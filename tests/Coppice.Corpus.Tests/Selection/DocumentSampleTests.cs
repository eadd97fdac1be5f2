using Coppice.Corpus.Selection;
using Xunit;

namespace Coppice.Corpus.Tests.Selection;

public sealed class DocumentSampleTests
{
    private static readonly Document[] Documents = [.. Enumerable.Range(0, 500).Select(i => new Document($"{i}", $"document {i} ".PadRight(50 + i % 30, 'x'), "s"))];

    [Fact]
    public void A_sample_holds_what_it_may_does_not_hang_on_the_order_and_counts_everything()
    {
        var sample = DocumentSample.Read(Documents, 5000);
        Assert.Equal(5000, sample.Characters);
        Assert.Equal((500, Documents.Sum(document => (long)document.Text.Length)), (sample.DocumentsRead, sample.CharactersRead));
        Assert.Equal(sample.Documents.Select(document => document.Id), DocumentSample.Read(Documents.Reverse(), 5000).Documents.Select(document => document.Id));
    }

    [Fact]
    public void Every_document_has_the_same_chance()
    {
        var sample = DocumentSample.Read(Documents, Documents.Sum(document => document.Text.Length) / 2);
        Assert.InRange(sample.Documents.Count, 230, 270);
        Assert.InRange(sample.Documents.Count(document => int.Parse(document.Id, System.Globalization.CultureInfo.InvariantCulture) < 250), 100, 150);
    }

    [Fact]
    public void A_short_stream_is_taken_whole_and_no_character_is_cut_in_two()
    {
        Assert.Equal(500, DocumentSample.Read(Documents, long.MaxValue).Documents.Count);
        Assert.Equal("a", DocumentSample.Read([new Document("x", "a\U0001F600b", "s")], 2).Documents[0].Text);
    }
}
