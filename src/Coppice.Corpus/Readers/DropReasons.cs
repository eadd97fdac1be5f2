namespace Coppice.Corpus;

/// <summary>The phrases under which the readers count what they could not use.</summary>
public static class DropReasons
{
    /// <summary>A document above <see cref="ReaderOptions.MaximumDocumentBytes"/>.</summary>
    public const string TooLarge = "larger than the limit for one document (maximum_document_bytes)";

    /// <summary>A file with NUL characters.</summary>
    public const string Binary = "binary (holds NUL bytes)";

    /// <summary>Text that was kept, with U+FFFD in the place of what was no valid UTF-8 (or UTF-16).</summary>
    public const string InvalidBytes = "invalid bytes replaced by U+FFFD";

    /// <summary>A compressed file that is damaged or whose end is missing; whole documents before that were kept.</summary>
    public const string DamagedCompression = "compressed data damaged or cut off; the rest of the file is lost";

    /// <summary>A gzip member of a web archive that is damaged; the members behind it were read.</summary>
    public const string DamagedMember = "compressed data damaged; read on behind it";

    /// <summary>A line that is no JSON object.</summary>
    public const string BadJson = "line is no JSON object";

    /// <summary>A JSON object without the text field.</summary>
    public const string NoTextField = "no text field of type string";

    /// <summary>A table without the column of the text.</summary>
    public const string NoTextColumn = "table has no text column";

    /// <summary>A record of a table with more or fewer fields than the header.</summary>
    public const string OtherNumberOfFields = "record with another number of fields than the header";

    /// <summary>The last record of a table, where quotation marks are opened and never closed.</summary>
    public const string OpenQuotation = "quotation marks opened and never closed";

    /// <summary>XML that breaks off or breaks the rules; the members before it were kept.</summary>
    public const string BadXml = "malformed XML; the rest of the file is lost";

    /// <summary>A documented member without prose of its own.</summary>
    public const string NoProse = "member without prose";

    /// <summary>A file of a format that no reader knows.</summary>
    public const string UnknownFormat = "unknown format";

    /// <summary>A file or folder that the operating system would not let us read.</summary>
    public const string Unreadable = "can't be read";

    /// <summary>A response that is no page: an error, a redirection.</summary>
    public const string NotSuccessful = "HTTP response without success";

    /// <summary>A response or mail of no type with text in it: a picture, a script.</summary>
    public const string NoTextType = "media type without text to read";

    /// <summary>A WARC record that is not as long as it says; what could be made out was kept.</summary>
    public const string WrongLength = "WARC record with a wrong length";

    /// <summary>Bytes between two WARC records that belong to neither.</summary>
    public const string NotWarc = "bytes that belong to no WARC record";

    /// <summary>A file that decompressed to more than two hundred times its size.</summary>
    public const string SuspiciousCompression = "compressed more than 200:1";

    /// <summary>A mail with nothing to read in it.</summary>
    public const string NoMailText = "mail without text of its own";

    /// <summary>A source file in a folder of other people's code, or one that a build makes.</summary>
    public const string Vendored = "vendored or built code";

    /// <summary>A source file that says, or whose name says, that a program wrote it.</summary>
    public const string Generated = "generated code";

    /// <summary>A source file of a few very long lines.</summary>
    public const string Minified = "minified code or data";

    /// <summary>A file that is not of a known programming language.</summary>
    public const string NoSourceCode = "no source code";
}
