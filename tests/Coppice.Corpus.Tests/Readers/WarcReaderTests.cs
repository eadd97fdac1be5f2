using System.IO.Compression;
using System.Text;
using Coppice.Testing;

namespace Coppice.Corpus.Tests.Readers;

public sealed class WarcReaderTests
{
    private const string Page = "<html><meta charset=utf-8><p>Grüße";

    [Fact]
    public void Responses_with_html_are_documents_with_address_date_and_language()
    {
        var warc = Record("warcinfo", "software: x") + Record("request", "GET / HTTP/1.1\r\n\r\n") + Response(Page, "text/html; charset=utf-8", extra: "WARC-Identified-Content-Language: deu,eng\r\n");
        var document = Assert.Single(Read(warc).Documents);
        Assert.Equal(Page, document.Text);
        Assert.Equal("text/html", document.MediaType);
        Assert.Equal("https://a.example/page", document.Url);
        Assert.Equal("2024-01-02T03:04:05Z", document.Date);
        Assert.Equal("de", document.Language);
        Assert.Equal("urn:uuid:1", document.Id);
    }

    [Fact]
    public void Plain_text_of_wet_files_needs_no_extraction()
    {
        using var folder = new TemporaryFolder();
        var path = folder.Write("a.warc.wet", Record("conversion", "Ein Text.\nNoch einer.", "text/plain"));
        var document = Assert.Single(Reading.Read(path).Documents);
        Assert.Equal("Ein Text.\nNoch einer.", document.Text);
        Assert.Null(document.MediaType);
    }

    [Theory]
    [InlineData(30)]
    [InlineData(2000)]
    [InlineData(-3)]
    public void Records_behind_a_damaged_gzip_member_are_found_again(int place)
    {
        using var folder = new TemporaryFolder();
        var random = new Random(3);
        string Page(int number) => $"<p>{number}</p> " + string.Concat(Enumerable.Range(0, 6000).Select(_ => (char)('a' + random.Next(26))));
        var pages = Enumerable.Range(0, 5).Select(Page).ToArray();
        var members = pages.Select(page => Gzip(Response(page, "text/html"))).ToArray();
        members[1][place < 0 ? members[1].Length + place : place] ^= 0xFF;
        File.WriteAllBytes(folder.At("a.warc.gz"), [.. members.SelectMany(member => member)]);
        var (documents, report) = Reading.Read(folder.At("a.warc.gz"));
        Assert.Equal([pages[0], .. pages[2..]], documents.Select(document => document.Text).Where(pages.Contains).Except([pages[1]]));
        Assert.Equal(1, report.Problems[DropReasons.DamagedMember].Count);
        Assert.DoesNotContain(DropReasons.DamagedCompression, report.Problems.Keys);

        members[4][members[4].Length / 2] ^= 0xFF;
        File.WriteAllBytes(folder.At("a.warc.gz"), [.. members.SelectMany(member => member)]);
        Assert.Contains(DropReasons.DamagedCompression, Reading.Read(folder.At("a.warc.gz")).Report.Problems.Keys);
    }

    [Fact]
    public void Each_record_may_be_a_gzip_member()
    {
        using var folder = new TemporaryFolder();
        File.WriteAllBytes(folder.At("a.warc.gz"), [.. Gzip(Response("<p>1", "text/html")), .. Gzip(Response("<p>2", "text/html"))]);
        Assert.Equal(["<p>1", "<p>2"], Reading.Read(folder.At("a.warc.gz")).Documents.Select(document => document.Text));
    }

    [Fact]
    public void Chunked_and_compressed_bodies_are_undone_and_claims_of_them_not_believed()
    {
        var zipped = Gzip("<p>zipped");
        byte[] chunked = [.. "5\r\n<p>ab\r\n3;x=y\r\ncde\r\n0\r\n\r\n"u8];
        byte[][] records =
        [
            Response(zipped, "Content-Type: text/html\r\nContent-Encoding: gzip"),
            Response(chunked, "Content-Type: text/html\r\nTransfer-Encoding: chunked"),
            Response([.. Encoding.ASCII.GetBytes($"{zipped.Length:x}\r\n"), .. zipped, .. "\r\n0\r\n\r\n"u8], "Content-Type: text/html\r\nTransfer-Encoding: chunked\r\nContent-Encoding: gzip"),
            Response("<p>neither"u8.ToArray(), "Content-Type: text/html\r\nTransfer-Encoding: chunked\r\nContent-Encoding: gzip"),
        ];
        Assert.Equal(["<p>zipped", "<p>abcde", "<p>zipped", "<p>neither"], Reading.Read(new WarcReader(), [.. records.SelectMany(record => record)]).Documents.Select(document => document.Text));
    }

    [Fact]
    public void Errors_and_other_media_are_dropped_with_reasons()
    {
        var (documents, report) = Read(Response("<p>x", "text/html", status: "404 Not Found") + Response("GIF89a", "image/gif") + Response("<p>y", "text/html"));
        Assert.Equal("<p>y", Assert.Single(documents).Text);
        Assert.Equal(1, report.Dropped[DropReasons.NotSuccessful].Count);
        Assert.Equal(1, report.Dropped[DropReasons.NoTextType].Count);
    }

    [Theory]
    [InlineData(5)]
    [InlineData(100_000)]
    [InlineData(long.MaxValue)]
    [InlineData(-7)]
    public void A_lying_length_costs_no_other_record(long length)
    {
        var lying = Response("<p>a long enough page to be cut somewhere", "text/html", length: length);
        var (documents, report) = Read(Response("<p>before", "text/html") + lying + Response("<p>after", "text/html") + Response("<p>last", "text/html"));
        Assert.Equal("<p>before", documents[0].Text);
        Assert.Equal(["<p>after", "<p>last"], documents.Skip(documents.Count - 2).Select(document => document.Text));
        Assert.Equal(1, report.Problems[DropReasons.WrongLength].Count);
        if (length is > 0 and < int.MaxValue and not 5) Assert.Equal("<p>a long enough page to be cut somewhere", documents[1].Text);
    }

    [Fact]
    public void Bytes_between_records_are_passed_over_and_counted()
    {
        var (documents, report) = Read("rubbish\nWARC/ rubbish" + new string('r', 100_000) + "\r\n" + Response("<p>x", "text/html") + "garbage at the end");
        Assert.Equal("<p>x", Assert.Single(documents).Text);
        Assert.True(report.Problems[DropReasons.NotWarc].Count > 100_000);
    }

    [Fact]
    public void A_page_about_archives_may_quote_one()
    {
        var page = "<pre>\nWARC/1.0\r\nWARC-Type: response\r\nContent-Length: 3\r\n\r\nabc</pre>";
        Assert.Equal([page, "<p>next"], Read(Response(page, "text/html") + Response("<p>next", "text/html")).Documents.Select(document => document.Text));
    }

    [Fact]
    public void A_record_above_the_limit_is_dropped_and_the_next_one_read()
    {
        var (documents, report) = Reading.Read(
            new WarcReader(), Encoding.UTF8.GetBytes(Response(new string('x', 500_000), "text/html") + Response("<p>next", "text/html")), new ReaderOptions { MaximumDocumentBytes = 10_000 });
        Assert.Equal("<p>next", Assert.Single(documents).Text);
        Assert.Equal(1, report.Dropped[DropReasons.TooLarge].Count);
        Assert.Empty(report.Problems);
    }

    [Fact]
    public void A_compressed_body_beyond_the_limit_is_dropped_before_it_is_in_memory()
    {
        var bomb = Gzip(new string('a', 20_000_000));
        var (documents, report) = Reading.Read(new WarcReader(), Response(bomb, "Content-Type: text/html\r\nContent-Encoding: gzip"), new ReaderOptions { MaximumDocumentBytes = 1_000_000 });
        Assert.Empty(documents);
        Assert.Equal(1, report.Dropped[DropReasons.TooLarge].Count);
    }

    private static (List<Document> Documents, CorpusReport Report) Read(string warc) => Reading.Read(new WarcReader(), Encoding.UTF8.GetBytes(warc));

    private static string Record(string type, string content, string media = "application/http; msgtype=response", string extra = "", long? length = null) =>
        $"WARC/1.0\r\nWARC-Type: {type}\r\nWARC-Record-ID: <urn:uuid:1>\r\nWARC-Date: 2024-01-02T03:04:05Z\r\nWARC-Target-URI: https://a.example/page\r\n{extra}"
        + $"Content-Type: {media}\r\nContent-Length: {length ?? Encoding.UTF8.GetByteCount(content)}\r\n\r\n{content}\r\n\r\n";

    private static string Response(string body, string media, string status = "200 OK", string extra = "", long? length = null) =>
        Record("response", $"HTTP/1.1 {status}\r\nContent-Type: {media}\r\n\r\n{body}", extra: extra, length: length);

    private static byte[] Response(byte[] body, string fields)
    {
        byte[] http = [.. Encoding.ASCII.GetBytes($"HTTP/1.1 200 OK\r\n{fields}\r\n\r\n"), .. body];
        return [.. Encoding.ASCII.GetBytes($"WARC/1.0\r\nWARC-Type: response\r\nContent-Type: application/http\r\nContent-Length: {http.Length}\r\n\r\n"), .. http, .. "\r\n\r\n"u8];
    }

    private static byte[] Gzip(string text)
    {
        var member = new MemoryStream();
        using (var stream = new GZipStream(member, CompressionLevel.Fastest)) stream.Write(Encoding.UTF8.GetBytes(text));
        return member.ToArray();
    }
}
