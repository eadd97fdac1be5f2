namespace Coppice.Corpus;

/// <summary>Markdown: a file is one document, as it stands; a first heading (<c># Title</c>) gives the title.</summary>
public sealed class MarkdownReader : IDocumentReader
{
    /// <inheritdoc/>
    public string Format => "markdown";

    /// <inheritdoc/>
    public bool Recognises(string extension, ReadOnlySpan<byte> beginning) => extension is ".md" or ".markdown";

    /// <inheritdoc/>
    public IEnumerable<Document> Read(SourceFile file)
    {
        if (WholeFile.ReadText(file) is { } text) yield return new Document(file.Id, text, file.Source) { Title = FirstHeading(text) };
    }

    private static string? FirstHeading(string text)
    {
        foreach (var line in text.AsSpan().EnumerateLines())
        {
            if (line.IsWhiteSpace()) continue;
            return line.StartsWith("# ") ? line[2..].Trim().ToString() : null;
        }

        return null;
    }
}
