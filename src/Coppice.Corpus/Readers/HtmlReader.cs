using Coppice.Corpus.Extraction;

namespace Coppice.Corpus;

/// <summary>HTML pages: a file is one document, its text the HTML as it stands, decoded. The step <c>extract</c> makes plain text of it.</summary>
public sealed class HtmlReader : IDocumentReader
{
    /// <inheritdoc/>
    public string Format => "html";

    /// <summary>By the endings <c>.html</c>, <c>.htm</c> and <c>.xhtml</c>; without an ending by a document type or the element <c>html</c> at the beginning.</summary>
    /// <param name="extension">The file's ending, or empty.</param>
    /// <param name="beginning">The first bytes.</param>
    public bool Recognises(string extension, ReadOnlySpan<byte> beginning) => extension is ".html" or ".htm" or ".xhtml" || (extension.Length == 0 && IsHtml(beginning));

    /// <inheritdoc/>
    public IEnumerable<Document> Read(SourceFile file)
    {
        if (WholeFile.ReadText(file, Decode) is { } text) yield return new Document(file.Id, text, file.Source) { MediaType = ExtractHtml.Html };
    }

    /// <summary>Whether bytes begin like an HTML page.</summary>
    internal static bool IsHtml(ReadOnlySpan<byte> beginning)
    {
        if (beginning.StartsWith(TextDecoding.Utf8Mark)) beginning = beginning[TextDecoding.Utf8Mark.Length..];
        beginning = beginning.TrimStart(" \t\r\n"u8);
        return StartsWith(beginning, "<!doctype html"u8) || StartsWith(beginning, "<html"u8);
    }

    private static string Decode(ReadOnlySpan<byte> bytes, out long invalid) => HtmlDecoding.Decode(bytes, declared: null, out invalid);

    private static bool StartsWith(ReadOnlySpan<byte> bytes, ReadOnlySpan<byte> lower) =>
        bytes.Length >= lower.Length && System.Text.Ascii.EqualsIgnoreCase(bytes[..lower.Length], lower);
}
