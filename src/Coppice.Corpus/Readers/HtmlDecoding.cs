using System.Buffers;
using System.Text;
using System.Text.Unicode;

namespace Coppice.Corpus;

/// <summary>
/// Bytes of a web page to text. In turn: a byte-order mark; valid UTF-8 that uses more than ASCII; what the server said; what the page says of itself near its beginning;
/// UTF-8 with a few damaged bytes; windows-1252, which gives every byte a meaning.
/// </summary>
/// <remarks>Browsers believe the server and the page first. But text that is valid UTF-8 by accident hardly exists, and wrong declarations are common.</remarks>
internal static class HtmlDecoding
{
    private static readonly SearchValues<char> NameEnds = SearchValues.Create("\"'; />?\r\n");
    private const int DeclarationWithin = 4096;
    private const int DamagedShare = 10;

    // Names of encodings that pages use and that the system knows by another, or that browsers read as a larger relative (Encoding Standard, WHATWG).
    private static readonly Dictionary<string, string> Labels = new(StringComparer.OrdinalIgnoreCase)
    {
        ["iso-8859-1"] = "windows-1252",
        ["iso8859-1"] = "windows-1252",
        ["latin1"] = "windows-1252",
        ["latin-1"] = "windows-1252",
        ["ascii"] = "windows-1252",
        ["us-ascii"] = "windows-1252",
        ["ansi"] = "windows-1252",
        ["iso-8859-9"] = "windows-1254",
        ["iso-8859-11"] = "windows-874",
        ["tis-620"] = "windows-874",
        ["gb2312"] = "gb18030",
        ["gbk"] = "gb18030",
        ["x-gbk"] = "gb18030",
        ["ks_c_5601-1987"] = "ks_c_5601-1987",
        ["euc-kr"] = "ks_c_5601-1987",
        ["shift-jis"] = "shift_jis",
        ["x-sjis"] = "shift_jis",
        ["sjis"] = "shift_jis",
        ["utf8"] = "utf-8",
        ["cp1251"] = "windows-1251",
        ["cp1252"] = "windows-1252",
        ["cp1250"] = "windows-1250",
    };

    /// <summary>Decodes a page.</summary>
    /// <param name="bytes">The bytes.</param>
    /// <param name="declared">The encoding that the server named, or null.</param>
    /// <param name="invalid">How many invalid sequences were replaced.</param>
    public static string Decode(ReadOnlySpan<byte> bytes, string? declared, out long invalid)
    {
        if (bytes.StartsWith((ReadOnlySpan<byte>)[0xFF, 0xFE]) || bytes.StartsWith((ReadOnlySpan<byte>)[0xFE, 0xFF]) || bytes.StartsWith(TextDecoding.Utf8Mark) || Utf8.IsValid(bytes))
        {
            // Escape sequences make Japanese ISO-2022-JP out of plain ASCII.
            return Find(declared ?? Declared(bytes)) is { CodePage: 50220 } escaped ? TextDecoding.Decode(escaped, bytes, out invalid) : TextDecoding.Decode(bytes, out invalid);
        }

        if (Find(declared) is { CodePage: not 65001 } byServer) return TextDecoding.Decode(byServer, bytes, out invalid);
        if (Find(Declared(bytes)) is { CodePage: not 65001 } byPage) return TextDecoding.Decode(byPage, bytes, out invalid);
        var text = TextDecoding.Decode(bytes, out invalid);
        return invalid * DamagedShare <= MultiByteSequences(bytes) ? text : TextDecoding.Decode(Encoding.GetEncoding(1252), bytes, out invalid);
    }

    /// <summary>An encoding by a name that a page or a mail uses for it, or null where there is none. UTF-16 can't be: its text could not have been read so far.</summary>
    public static Encoding? Find(string? name)
    {
        name = name?.Trim(' ', '"', '\'', '\t');
        if (string.IsNullOrEmpty(name) || name.Length > 40 || name.StartsWith("utf-16", StringComparison.OrdinalIgnoreCase) || name.StartsWith("utf-32", StringComparison.OrdinalIgnoreCase)) return null;
        try
        {
            return Encoding.GetEncoding(Labels.GetValueOrDefault(name, name));
        }
        catch (ArgumentException)
        {
            return null;
        }
    }

    static HtmlDecoding() => Encoding.RegisterProvider(CodePagesEncodingProvider.Instance);

    // <meta charset="x">, <meta http-equiv="Content-Type" content="text/html; charset=x"> and <?xml encoding="x"?> alike.
    private static string? Declared(ReadOnlySpan<byte> bytes)
    {
        var beginning = Encoding.Latin1.GetString(bytes[..Math.Min(bytes.Length, DeclarationWithin)]);
        return After(beginning, "charset") ?? (beginning.StartsWith("<?xml", StringComparison.Ordinal) ? After(beginning, "encoding") : null);
    }

    private static string? After(string text, string word)
    {
        for (var at = text.IndexOf(word, StringComparison.OrdinalIgnoreCase); at >= 0; at = text.IndexOf(word, at + 1, StringComparison.OrdinalIgnoreCase))
        {
            var rest = text.AsSpan(at + word.Length).TrimStart();
            if (!rest.StartsWith("=")) continue;
            rest = rest[1..].TrimStart().TrimStart("\"'");
            var end = rest.IndexOfAny(NameEnds);
            if (end > 0) return rest[..end].ToString();
        }

        return null;
    }

    private static long MultiByteSequences(ReadOnlySpan<byte> bytes)
    {
        long count = 0;
        for (var index = 1; index < bytes.Length; index++)
        {
            if (bytes[index - 1] >= 0xC2 && (bytes[index] & 0xC0) == 0x80) count++;
        }

        return count;
    }
}
