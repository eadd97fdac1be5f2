using System.Globalization;
using System.Text;
using System.Text.RegularExpressions;

namespace Coppice.Corpus;

/// <summary>What there is to read in a mail (RFC 5322, MIME: RFC 2045 to 2047).</summary>
internal sealed partial class MailMessage
{
    private const int DeepestPart = 20;
    private const int MostParts = 1000;
    private readonly StringBuilder _plain = new();
    private string? _html;
    private int _parts;

    /// <summary>The text, or null where there is none.</summary>
    public string? Text => _plain.Length > 0 ? _plain.ToString() : _html;

    /// <summary>Whether the text is HTML: there is no plain one.</summary>
    public bool IsHtml => _plain.Length == 0 && _html is not null;

    public string? Subject { get; private set; }

    /// <summary>When it was sent, in universal time, as <c>2024-06-30T12:00:00Z</c>.</summary>
    public string? Date { get; private set; }

    public string? Id { get; private set; }

    /// <summary>Invalid sequences that were replaced.</summary>
    public long Invalid { get; private set; }

    /// <summary>Reads a mail. Whatever the bytes are, something is made of them.</summary>
    /// <param name="bytes">Header and body.</param>
    public static MailMessage Parse(ReadOnlySpan<byte> bytes)
    {
        var mail = new MailMessage();
        var header = HeaderFields.Parse(bytes, hasFirstLine: false, out var length) ?? HeaderFields.Empty;
        mail.Subject = header["Subject"] is { Length: > 0 } subject ? MailEncodings.DecodeWords(subject) : null;
        mail.Id = header["Message-ID"]?.Trim('<', '>', ' ');
        mail.Date = ParseDate(header["Date"]);
        mail.ReadPart(header, bytes[length..], DeepestPart);
        return mail;
    }

    private void ReadPart(HeaderFields header, ReadOnlySpan<byte> body, int deepest)
    {
        if (++_parts > MostParts) return;
        var type = header.ValueOf("Content-Type");
        if (type.StartsWith("multipart/", StringComparison.Ordinal))
        {
            if (deepest > 0 && header.Parameter("Content-Type", "boundary") is { Length: > 0 and <= 200 } boundary) ReadParts(Encoding.UTF8.GetBytes("--" + boundary), body, deepest - 1);
            return;
        }

        if (type is not ("" or "text/plain" or "text/html") || header.ValueOf("Content-Disposition") == "attachment") return;
        var text = Decode(header, body);
        if (type == "text/html")
        {
            _html ??= text;
            return;
        }

        if (header.Parameter("Content-Type", "format")?.ToLowerInvariant() == "flowed") text = MailEncodings.Unfold(text, header.Parameter("Content-Type", "delsp")?.ToLowerInvariant() == "yes");
        if (string.IsNullOrWhiteSpace(text)) return;
        if (_plain.Length > 0) _plain.Append("\n\n");
        _plain.Append(text.Trim('\n'));
    }

    private void ReadParts(ReadOnlySpan<byte> delimiter, ReadOnlySpan<byte> body, int deepest)
    {
        var start = -1;
        for (var position = 0; position < body.Length;)
        {
            var newline = body[position..].IndexOf((byte)'\n');
            var next = newline < 0 ? body.Length : position + newline + 1;
            if (body[position..next].StartsWith(delimiter))
            {
                if (start >= 0) ReadPartWithHeader(body[start..position], deepest);
                start = next;
                if (body[position..next][delimiter.Length..].StartsWith("--"u8)) return;
            }

            position = next;
        }

        if (start >= 0) ReadPartWithHeader(body[start..], deepest);
    }

    private void ReadPartWithHeader(ReadOnlySpan<byte> part, int deepest)
    {
        if (HeaderFields.Parse(part, hasFirstLine: false, out var length) is { } header) ReadPart(header, part[length..], deepest);
    }

    private string Decode(HeaderFields header, ReadOnlySpan<byte> body)
    {
        var bytes = header.ValueOf("Content-Transfer-Encoding") switch
        {
            "base64" => MailEncodings.Base64(body),
            "quoted-printable" => MailEncodings.QuotedPrintable(body),
            _ => body,
        };
        var text = HtmlDecoding.Decode(bytes, header.Parameter("Content-Type", "charset"), out var invalid);
        Invalid += invalid;
        return text.ReplaceLineEndings("\n");
    }

    private static string? ParseDate(string? date)
    {
        if (date is null || date.Length > 100) return null;
        var plain = Remarks().Replace(date, " ").Trim();
        return DateTimeOffset.TryParse(plain, CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal | DateTimeStyles.AllowWhiteSpaces, out var sent)
            || DateTimeOffset.TryParse(Zone().Replace(plain, ""), CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal | DateTimeStyles.AllowWhiteSpaces, out sent)
            ? sent.UtcDateTime.ToString("yyyy-MM-dd'T'HH:mm:ss'Z'", CultureInfo.InvariantCulture)
            : null;
    }

    [GeneratedRegex(@"\([^()]*\)|^\s*\p{L}{2,9},?", RegexOptions.CultureInvariant)]
    private static partial Regex Remarks();

    [GeneratedRegex(@"\s+[A-Z]{1,5}$", RegexOptions.CultureInvariant)]
    private static partial Regex Zone();
}
