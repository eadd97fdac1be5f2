namespace Coppice.Corpus;

/// <summary>Plain text: a file is one document, as it stands, not trimmed (evaluation counts every byte).</summary>
public sealed class PlainTextReader : IDocumentReader
{
    /// <inheritdoc/>
    public string Format => "text";

    /// <inheritdoc/>
    public bool Recognises(string extension, ReadOnlySpan<byte> beginning) => extension is ".txt" or ".text" or "";

    /// <inheritdoc/>
    public IEnumerable<Document> Read(SourceFile file)
    {
        if (WholeFile.ReadText(file) is { } text) yield return new Document(file.Id, text, file.Source);
    }
}
