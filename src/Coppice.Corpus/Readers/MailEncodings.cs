using System.Buffers.Text;
using System.Text;
using System.Text.RegularExpressions;

namespace Coppice.Corpus;

/// <summary>How mails write bytes and long lines with short lines of ASCII. What breaks the rules is taken as it stands.</summary>
internal static partial class MailEncodings
{
    /// <summary>Base64, with line ends and whatever else is not of its alphabet left out; as far as it goes.</summary>
    public static ReadOnlySpan<byte> Base64(ReadOnlySpan<byte> encoded)
    {
        var clean = new byte[encoded.Length + 3];
        var length = 0;
        foreach (var letter in encoded)
        {
            if (char.IsAsciiLetterOrDigit((char)letter) || letter is (byte)'+' or (byte)'/') clean[length++] = letter;
        }

        // A last single letter stands for no whole byte.
        if (length % 4 == 1) length--;
        while (length % 4 != 0) clean[length++] = (byte)'=';
        System.Buffers.Text.Base64.DecodeFromUtf8InPlace(clean.AsSpan(0, length), out var written);
        return clean.AsSpan(0, written);
    }

    /// <summary>Quoted-printable: <c>=3D</c> is a byte, <c>=</c> at the end of a line joins it to the next.</summary>
    public static ReadOnlySpan<byte> QuotedPrintable(ReadOnlySpan<byte> encoded)
    {
        var decoded = new byte[encoded.Length];
        var length = 0;
        for (var index = 0; index < encoded.Length; index++)
        {
            if (encoded[index] == '=')
            {
                var rest = encoded[(index + 1)..];
                if (rest.StartsWith("\n"u8) || rest.StartsWith("\r\n"u8))
                {
                    index += rest[0] == '\n' ? 1 : 2;
                    continue;
                }

                if (rest.Length >= 2 && Utf8Parser.TryParse(rest[..2], out byte value, out var consumed, 'x') && consumed == 2)
                {
                    decoded[length++] = value;
                    index += 2;
                    continue;
                }
            }

            decoded[length++] = encoded[index];
        }

        return decoded.AsSpan(0, length);
    }

    /// <summary>Text in a header that is no ASCII: <c>=?utf-8?Q?K=C3=A4se?=</c>.</summary>
    public static string DecodeWords(string value) => EncodedWord().Replace(BetweenWords().Replace(value, ""), match =>
    {
        if (HtmlDecoding.Find(match.Groups["charset"].Value) is not { } encoding) return match.Value;
        var text = Encoding.ASCII.GetBytes(match.Groups["text"].Value);
        var isBase64 = match.Groups["kind"].Value is "B" or "b";
        if (!isBase64) text.AsSpan().Replace((byte)'_', (byte)' ');
        return encoding.GetString(isBase64 ? Base64(text) : QuotedPrintable(text)).Replace('\n', ' ');
    });

    /// <summary>Text whose paragraphs were broken into lines that end in a space (RFC 3676).</summary>
    /// <param name="text">The text.</param>
    /// <param name="deleteSpace">Whether the space is no part of the text.</param>
    public static string Unfold(string text, bool deleteSpace)
    {
        var unfolded = new StringBuilder(text.Length);
        foreach (var line in text.AsSpan().EnumerateLines())
        {
            var content = line.StartsWith(" ") ? line[1..] : line;
            var flows = content.EndsWith(" ") && content is not "-- ";
            unfolded.Append(flows && deleteSpace ? content[..^1] : content);
            if (!flows) unfolded.Append('\n');
        }

        return unfolded.ToString();
    }

    [GeneratedRegex(@"=\?(?<charset>[^?*\s]{1,40})(?:\*[^?]*)?\?(?<kind>[BbQq])\?(?<text>[^?]*)\?=", RegexOptions.CultureInvariant)]
    private static partial Regex EncodedWord();

    // White space between two encoded words is there for the line length alone.
    [GeneratedRegex(@"(?<=\?=)\s+(?==\?)", RegexOptions.CultureInvariant)]
    private static partial Regex BetweenWords();
}
