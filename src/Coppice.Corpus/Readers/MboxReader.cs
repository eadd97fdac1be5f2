using System.Globalization;
using Coppice.Corpus.Extraction;

namespace Coppice.Corpus;

/// <summary>
/// Mail folders in the format mbox: a mail is a document, its subject the title. Of several forms of one text the plain one is taken; a mail that has HTML alone becomes
/// text by the step <c>extract</c>. Quotations of other mails and signatures are left out unless <see cref="ReaderOptions"/> keeps them.
/// </summary>
public sealed class MboxReader : IDocumentReader
{
    /// <inheritdoc/>
    public string Format => "mbox";

    /// <summary>By the endings <c>.mbox</c> and <c>.mbx</c>, or by a first line such as <c>From name Sat Jan  3 01:05:34 1996</c>.</summary>
    /// <param name="extension">The file's ending, or empty.</param>
    /// <param name="beginning">The first bytes.</param>
    public bool Recognises(string extension, ReadOnlySpan<byte> beginning) =>
        extension is ".mbox" or ".mbx" || (extension.Length == 0 && beginning.IndexOf((byte)'\n') is var newline and > 0 && IsSeparator(beginning[..newline]));

    /// <inheritdoc/>
    public IEnumerable<Document> Read(SourceFile file)
    {
        using var lines = new Utf8LineReader(file.Content, file.Options.MaximumDocumentBytes);
        var mail = new MemoryStream();
        var tooLarge = false;
        var afterEmptyLine = true;
        var inMail = false;
        var number = 0L;
        while (lines.Read())
        {
            if (afterEmptyLine && IsSeparator(lines.Line))
            {
                if (inMail && Document(mail, tooLarge, file, ++number) is { } document) yield return document;
                mail.SetLength(0);
                tooLarge = false;
                afterEmptyLine = false;
                inMail = true;
                continue;
            }

            if (!inMail && lines.Line.IsEmpty && !lines.TooLong) continue;
            inMail = true;
            afterEmptyLine = lines.Line.IsEmpty && !lines.TooLong;
            tooLarge |= lines.TooLong || mail.Length + lines.Line.Length + 1 > file.Options.MaximumDocumentBytes;
            if (!tooLarge) Append(mail, lines.Line);
            else mail.SetLength(0);
        }

        if (inMail && Document(mail, tooLarge, file, ++number) is { } last) yield return last;
    }

    // "From ", a sender, and a time somewhere behind it: a sentence that begins with the word has none.
    private static bool IsSeparator(ReadOnlySpan<byte> line)
    {
        if (!line.StartsWith("From "u8)) return false;
        var colon = line.IndexOf((byte)':');
        return colon > 6 && colon + 2 < line.Length
            && char.IsAsciiDigit((char)line[colon - 1]) && char.IsAsciiDigit((char)line[colon + 1]) && char.IsAsciiDigit((char)line[colon + 2]);
    }

    // Lines of the text that look like separators were put behind a '>' when the folder was written.
    private static void Append(MemoryStream mail, ReadOnlySpan<byte> line)
    {
        var marks = line.IndexOfAnyExcept((byte)'>');
        if (marks > 0 && line[marks..].StartsWith("From "u8)) line = line[1..];
        mail.Write(line);
        mail.WriteByte((byte)'\n');
    }

    private static Document? Document(MemoryStream bytes, bool tooLarge, SourceFile file, long number)
    {
        var where = string.Create(CultureInfo.InvariantCulture, $"{file.Path}, mail {number}");
        if (tooLarge)
        {
            file.Report.Drop(DropReasons.TooLarge, where);
            return null;
        }

        var mail = MailMessage.Parse(bytes.GetBuffer().AsSpan(0, (int)bytes.Length));
        var text = mail.IsHtml || mail.Text is null ? mail.Text : MailQuotes.Remove(mail.Text, file.Options.KeepQuotedReplies, file.Options.KeepSignatures);
        if (string.IsNullOrWhiteSpace(text) || text.Contains('\0'))
        {
            file.Report.Drop(text?.Contains('\0') == true ? DropReasons.Binary : DropReasons.NoMailText, where);
            return null;
        }

        if (mail.Invalid > 0) file.Report.Problem(DropReasons.InvalidBytes, where, mail.Invalid);
        return new Document(mail.Id ?? string.Create(CultureInfo.InvariantCulture, $"{file.Id}:{number}"), text, file.Source)
        {
            Title = mail.Subject,
            Date = mail.Date,
            MediaType = mail.IsHtml ? ExtractHtml.Html : null,
        };
    }
}
