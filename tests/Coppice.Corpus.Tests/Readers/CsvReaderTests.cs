using System.Text;
using Coppice.Testing;

namespace Coppice.Corpus.Tests.Readers;

public sealed class CsvReaderTests
{
    [Fact]
    public void Quoted_fields_hold_commas_marks_and_line_ends()
    {
        var (documents, report) = Reading.Read(new CsvReader("csv"), "id,text,url\r\n1,\"a, \"\"b\"\"\r\nc\",http://x\r\n2,plain \"mark\",\r\n"u8);
        Assert.Equal(["a, \"b\"\r\nc", "plain \"mark\""], documents.Select(document => document.Text));
        Assert.Equal(["1", "2"], documents.Select(document => document.Id));
        Assert.Equal(["http://x", null], documents.Select(document => document.Url));
        Assert.Empty(report.Dropped);
    }

    [Fact]
    public void Columns_are_named_by_options_and_tabs_part_the_fields_of_tsv()
    {
        using var folder = new TemporaryFolder();
        var options = new ReaderOptions { TextField = "body", IdField = "key", DateField = "when", LanguageField = "lang", LicenceField = "terms", SourceField = "from", TitleField = "name" };
        var (documents, _) = Reading.Read(folder.Write("a.tsv", "\uFEFFkey\tbody\twhen\tlang\tterms\tfrom\tname\nk\ta,b\t2020-01-02\tde\tCC0-1.0\tnews\tTitle\n\n"), options);
        Assert.Equal(
            new Document("k", "a,b", "news") { Date = "2020-01-02", Language = "de", Licence = "CC0-1.0", Title = "Title" },
            Assert.Single(documents));
    }

    [Fact]
    public void A_missing_column_is_reported_with_those_that_there_are()
    {
        var (documents, report) = Reading.Read(new CsvReader("csv"), "id,content\n1,x\n"u8);
        Assert.Empty(documents);
        Assert.Contains("id, content", Assert.Single(report.Dropped[DropReasons.NoTextColumn + " 'text'"].Examples), StringComparison.Ordinal);
    }

    [Fact]
    public void Records_that_do_not_fit_are_dropped_and_the_others_read()
    {
        var options = new ReaderOptions { MaximumDocumentBytes = 1000 };
        var csv = "text,id\na,1\nb\nc,3,4\n\"" + new string('x', 5000) + "\",5\nd,6\n\"open,7\n";
        var (documents, report) = Reading.Read(new CsvReader("csv"), Encoding.UTF8.GetBytes(csv), options);
        Assert.Equal(["1", "6"], documents.Select(document => document.Id));
        Assert.Equal(2, report.Dropped[DropReasons.OtherNumberOfFields].Count);
        Assert.Equal(1, report.Dropped[DropReasons.TooLarge].Count);
        Assert.Equal("file, line 7", Assert.Single(report.Dropped[DropReasons.OpenQuotation].Examples));
    }
}
