using System.Globalization;
using Coppice.Corpus.Extraction;

namespace Coppice.Corpus;

/// <summary>
/// Web archives: WARC, of which the successful responses with HTML or plain text are documents, and WET, of which the plain texts are. Each has its address and the date
/// of the crawl; HTML becomes text by the step <c>extract</c>, which also finds the page's own date. Compressed archives, a gzip member a record, are read like others; of a damaged member the records behind it are not lost.
/// </summary>
public sealed class WarcReader : IDocumentReader
{
    /// <inheritdoc/>
    public string Format => "warc";

    /// <summary>By the endings <c>.warc</c> and <c>.wet</c>, or by the first bytes.</summary>
    /// <param name="extension">The file's ending, or empty.</param>
    /// <param name="beginning">The first bytes.</param>
    public bool Recognises(string extension, ReadOnlySpan<byte> beginning) => extension is ".warc" or ".wet" || (extension.Length == 0 && beginning.StartsWith("WARC/"u8));

    /// <inheritdoc/>
    public IEnumerable<Document> Read(SourceFile file)
    {
        using var records = new WarcRecords(file.Content, file.Options.MaximumDocumentBytes, file.SkipDamage);
        for (var number = 1L; records.Read(); number++)
        {
            var where = string.Create(CultureInfo.InvariantCulture, $"{file.Path}, record {number}");
            if (records.Skipped > 0) file.Report.Problem(DropReasons.NotWarc, where, records.Skipped);
            if (records.Damaged) file.Report.Problem(DropReasons.DamagedMember, where);
            if (records.WrongLength) file.Report.Problem(DropReasons.WrongLength, where);
            var type = records.Header.ValueOf("WARC-Type");
            if (type is not ("response" or "conversion" or "resource")) continue;
            if (records.TooLarge) file.Report.Drop(DropReasons.TooLarge, where);
            else if (Document(records, file, number, where) is { } document) yield return document;
        }

        if (records.Skipped > 0) file.Report.Problem(DropReasons.NotWarc, file.Path, records.Skipped);
    }

    private static Document? Document(WarcRecords records, SourceFile file, long number, string where)
    {
        var record = records.Header;
        var message = record.ValueOf("Content-Type") == "application/http"
            ? HttpMessage.Parse(records.Content, file.Options.MaximumDocumentBytes, out var tooLarge)
            : HttpMessage.Parse(default, 0, out tooLarge);
        var isResponse = message.Header != HeaderFields.Empty;
        var reason = tooLarge ? DropReasons.TooLarge : isResponse && message.Status is < 200 or > 299 ? DropReasons.NotSuccessful : null;
        var body = isResponse ? message.Body : records.Content;
        var isHtml = IsHtml(isResponse ? message.Header.ValueOf("Content-Type") : record.ValueOf("Content-Type"), body);
        if (reason is null && isHtml is null) reason = DropReasons.NoTextType;
        if (reason is not null)
        {
            file.Report.Drop(reason, where);
            return null;
        }

        var text = HtmlDecoding.Decode(body, message.Header.Parameter("Content-Type", "charset"), out var invalid);
        if (text.Contains('\0'))
        {
            file.Report.Drop(DropReasons.Binary, where);
            return null;
        }

        if (invalid > 0) file.Report.Problem(DropReasons.InvalidBytes, where, invalid);
        var id = record["WARC-Record-ID"]?.Trim('<', '>') ?? string.Create(CultureInfo.InvariantCulture, $"{file.Id}:{number}");
        return new Document(id, text, file.Source)
        {
            Url = record["WARC-Target-URI"]?.Trim('<', '>'),
            Date = record["WARC-Date"],
            Language = Language(record["WARC-Identified-Content-Language"]),
            MediaType = isHtml == true ? ExtractHtml.Html : null,
        };
    }

    // Null: neither HTML nor plain text. What the server does not say is told by the first bytes.
    private static bool? IsHtml(string type, ReadOnlySpan<byte> body) => type switch
    {
        "text/html" or "application/xhtml+xml" => true,
        "text/plain" => HtmlReader.IsHtml(body),
        "" or "application/octet-stream" or "application/http" => HtmlReader.IsHtml(body) ? true : null,
        _ => null,
    };

    // Common Crawl lists up to three languages by their codes of three letters, the most likely first.
    private static string? Language(string? identified)
    {
        var code = identified?.Split(',')[0].Trim();
        if (code is not { Length: 3 }) return code is { Length: 2 } ? code : null;
        try
        {
            return CultureInfo.GetCultureInfo(code, predefinedOnly: true).TwoLetterISOLanguageName;
        }
        catch (CultureNotFoundException)
        {
            return code;
        }
    }
}
