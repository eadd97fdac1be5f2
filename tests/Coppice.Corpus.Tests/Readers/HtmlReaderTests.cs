using System.Text;
using Coppice.Testing;

namespace Coppice.Corpus.Tests.Readers;

public sealed class HtmlReaderTests
{
    static HtmlReaderTests() => Encoding.RegisterProvider(CodePagesEncodingProvider.Instance);

    [Fact]
    public void A_folder_of_pages_is_a_document_a_page_still_html()
    {
        using var folder = new TemporaryFolder();
        folder.Write("site/a.html", "<p>one");
        folder.Write("site/sub/b.htm", "<p>two");
        var (documents, _) = Reading.Read(folder.At("site"));
        Assert.Equal(["a.html", "sub/b.htm"], documents.Select(document => document.Id));
        Assert.All(documents, document => Assert.Equal("text/html", document.MediaType));
        Assert.Equal("<p>one", documents[0].Text);
    }

    [Fact]
    public void A_file_without_an_ending_is_html_by_its_beginning()
    {
        using var folder = new TemporaryFolder();
        Assert.Equal("text/html", Assert.Single(Reading.Read(folder.Write("page", "\n <!DOCTYPE HTML><p>x")).Documents).MediaType);
        Assert.Null(Assert.Single(Reading.Read(folder.Write("note", "html is a language")).Documents).MediaType);
    }

    [Theory]
    [InlineData("windows-1251", "<meta charset=\"windows-1251\">Привет")]
    [InlineData("shift_jis", "<meta http-equiv='Content-Type' content='text/html; charset=Shift_JIS'>日本語")]
    [InlineData("windows-1252", "<meta charset=iso-8859-1>Käse “zum” Wein")]
    [InlineData("windows-1252", "<p>Käse ohne Angabe")]
    [InlineData("gb18030", "<meta charset=gb2312>中文网页")]
    [InlineData("utf-8", "<meta charset=iso-8859-1>Käse, falsch angegeben")]
    [InlineData("utf-8", "<p>Käse 😀")]
    public void The_encoding_is_found(string encoding, string html)
    {
        var (documents, report) = Reading.Read(new HtmlReader(), Encoding.GetEncoding(encoding).GetBytes(html));
        Assert.Equal(html, Assert.Single(documents).Text);
        Assert.Empty(report.Problems);
    }

    [Fact]
    public void Utf8_with_a_damaged_byte_stays_utf8()
    {
        byte[] bytes = [.. Encoding.UTF8.GetBytes(string.Concat(Enumerable.Repeat("größe ", 20))), 0xFF, .. "x"u8];
        var (documents, report) = Reading.Read(new HtmlReader(), bytes);
        Assert.EndsWith("größe \uFFFDx", Assert.Single(documents).Text, StringComparison.Ordinal);
        Assert.Equal(1, report.Problems[DropReasons.InvalidBytes].Count);
    }

    [Fact]
    public void An_unknown_encoding_and_nul_bytes_do_no_harm()
    {
        Assert.Equal("<meta charset=\"no-such\">é", Assert.Single(Reading.Read(new HtmlReader(), [.. "<meta charset=\"no-such\">"u8, 0xE9]).Documents).Text);
        Assert.Equal(1, Reading.Read(new HtmlReader(), "<p>\0"u8).Report.Dropped[DropReasons.Binary].Count);
    }
}
