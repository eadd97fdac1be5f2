using System.Text;

namespace Coppice.Corpus.Tests.Readers;

public sealed class MboxReaderTests
{
    [Fact]
    public void Mails_are_parted_and_their_headers_read()
    {
        var (documents, _) = Read(
            """
            From a@example.org Sat Jan  3 01:05:34 1996
            Message-ID: <1@example.org>
            Subject: =?utf-8?Q?Gr=C3=BC=C3=9Fe?= =?utf-8?B?IGFuIGFsbGU=?=
            Date: Sat, 3 Jan 1996 01:05:34 +0200 (EET)

            First mail.
            >From the beginning.
            From here on, no separator.

            From b@example.org Sat Jan  3 02:05:34 1996
            Subject: second

            Second mail.

            """);
        Assert.Equal(["First mail.\nFrom the beginning.\nFrom here on, no separator.", "Second mail."], documents.Select(document => document.Text));
        Assert.Equal(["Grüße an alle", "second"], documents.Select(document => document.Title));
        Assert.Equal(["1@example.org", "file:2"], documents.Select(document => document.Id));
        Assert.Equal("1996-01-02T23:05:34Z", documents[0].Date);
        Assert.Null(documents[1].Date);
    }

    [Fact]
    public void Plain_text_is_preferred_and_encodings_are_undone()
    {
        var (documents, _) = Read(
            """
            From a Sat Jan  3 01:05:34 1996
            Content-Type: multipart/mixed; boundary="outer"

            preamble
            --outer
            Content-Type: multipart/alternative; boundary=inner

            --inner
            Content-Type: text/plain; charset="iso-8859-1"
            Content-Transfer-Encoding: quoted-printable

            K=E4se, eine lange =
            Zeile
            --inner
            Content-Type: text/html

            <p>Käse
            --inner--
            --outer
            Content-Type: text/plain; charset=utf-8
            Content-Transfer-Encoding: base64

            endlaXRlciBUZWls
            --outer
            Content-Type: text/plain
            Content-Disposition: attachment; filename=a.txt

            attached
            --outer--
            epilogue
            """);
        Assert.Equal("Käse, eine lange Zeile\n\nzweiter Teil", Assert.Single(documents).Text);
    }

    [Fact]
    public void A_mail_of_html_alone_is_left_to_extraction()
    {
        var document = Assert.Single(Read("From a Sat Jan  3 01:05:34 1996\nContent-Type: text/html\n\n<p>Hello").Documents);
        Assert.Equal("text/html", document.MediaType);
        Assert.StartsWith("<p>Hello", document.Text, StringComparison.Ordinal);
    }

    [Fact]
    public void Quotations_and_signatures_are_left_out_unless_they_are_wanted()
    {
        const string mail = "From a Sat Jan  3 01:05:34 1996\n\nHello,\n\nOn 2 May 2020, B wrote:\n> a question\n> of two lines\n\nMy answer.\n-- \nA. Writer\n";
        Assert.Equal("Hello,\n\nMy answer.", Assert.Single(Read(mail).Documents).Text.Replace("\n\n\n", "\n\n", StringComparison.Ordinal));
        var whole = Assert.Single(Read(mail, new ReaderOptions { KeepQuotedReplies = true, KeepSignatures = true }).Documents).Text;
        Assert.Contains("On 2 May 2020, B wrote:\n> a question", whole, StringComparison.Ordinal);
        Assert.EndsWith("A. Writer", whole, StringComparison.Ordinal);
    }

    [Fact]
    public void Flowed_lines_become_paragraphs_again()
    {
        var mail = "From a Sat Jan  3 01:05:34 1996\nContent-Type: text/plain; format=flowed\n\nOne paragraph \nin two lines.\nAnother.\n";
        Assert.Equal("One paragraph in two lines.\nAnother.", Assert.Single(Read(mail).Documents).Text);
    }

    [Fact]
    public void Nested_parts_and_large_mails_stay_within_limits()
    {
        var nested = new StringBuilder("From a Sat Jan  3 01:05:34 1996\n");
        for (var depth = 0; depth < 5000; depth++) nested.Append("Content-Type: multipart/mixed; boundary=b").Append(depth).Append("\n\n--b").Append(depth).Append('\n');
        var (documents, report) = Read(nested + "\n\nFrom b Sat Jan  3 01:05:34 1996\n\n" + new string('x', 50_000) + "\n\nFrom c Sat Jan  3 01:05:34 1996\n\nlast", new ReaderOptions { MaximumDocumentBytes = 400_000 });
        Assert.Equal(2, documents.Count);
        Assert.Equal(1, report.Dropped[DropReasons.NoMailText].Count);
        (documents, report) = Read("From b Sat Jan  3 01:05:34 1996\n\n" + new string('x', 50_000) + "\n\nFrom c Sat Jan  3 01:05:34 1996\n\nlast", new ReaderOptions { MaximumDocumentBytes = 10_000 });
        Assert.Equal("last", Assert.Single(documents).Text);
        Assert.Equal(1, report.Dropped[DropReasons.TooLarge].Count);
    }

    private static (List<Document> Documents, CorpusReport Report) Read(string mbox, ReaderOptions? options = null) => Reading.Read(new MboxReader(), Encoding.UTF8.GetBytes(mbox), options);
}
