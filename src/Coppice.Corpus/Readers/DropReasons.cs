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

    /// <summary>A line that is no JSON object.</summary>
    public const string BadJson = "line is no JSON object";

    /// <summary>A JSON object without the text field.</summary>
    public const string NoTextField = "no text field of type string";

    /// <summary>XML that breaks off or breaks the rules; the members before it were kept.</summary>
    public const string BadXml = "malformed XML; the rest of the file is lost";

    /// <summary>A documented member without prose of its own.</summary>
    public const string NoProse = "member without prose";

    /// <summary>A file of a format that no reader knows.</summary>
    public const string UnknownFormat = "unknown format";

    /// <summary>A file or folder that the operating system would not let us read.</summary>
    public const string Unreadable = "can't be read";
}
