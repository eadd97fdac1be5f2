namespace Coppice.Corpus.Selection;

/// <summary>
/// A part of a stream of documents that fits in memory: whole documents, those with the smallest hashes of their text, so that every document has the same chance, and what two corpora
/// share is in both samples or in neither.
/// </summary>
public sealed class DocumentSample
{
    private DocumentSample(IReadOnlyList<Document> documents, long documentsRead, long charactersRead) => (Documents, DocumentsRead, CharactersRead) = (documents, documentsRead, charactersRead);

    /// <summary>The documents, in the order of their hashes.</summary>
    public IReadOnlyList<Document> Documents { get; }

    /// <summary>How many documents the stream had.</summary>
    public long DocumentsRead { get; }

    /// <summary>UTF-16 units of the whole stream.</summary>
    public long CharactersRead { get; }

    /// <summary>UTF-16 units of the sample.</summary>
    public long Characters => Documents.Sum(document => (long)document.Text.Length);

    /// <summary>Reads a stream to its end.</summary>
    /// <param name="documents">The stream.</param>
    /// <param name="characters">The most UTF-16 units; the last document is cut where it is too long.</param>
    /// <param name="passed">Sees the hash of every document, also of those that are not taken.</param>
    public static DocumentSample Read(IEnumerable<Document> documents, long characters, Action<UInt128>? passed = null)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(characters, 1);
        var taken = new PriorityQueue<Document, UInt128>(Comparer<UInt128>.Create((a, b) => b.CompareTo(a)));
        var (length, documentsRead, charactersRead) = (0L, 0L, 0L);
        foreach (var document in documents)
        {
            var hash = ContentHash.Of(document.Text);
            passed?.Invoke(hash);
            taken.Enqueue(document, hash);
            length += document.Text.Length;
            charactersRead += document.Text.Length;
            documentsRead++;
            while (taken.Count > 1 && length - taken.Peek().Text.Length >= characters) length -= taken.Dequeue().Text.Length;
        }

        var sample = new List<Document>(taken.Count);
        while (taken.TryDequeue(out var document, out _)) sample.Add(document);
        sample.Reverse();
        if (length > characters) sample[^1] = sample[^1] with { Text = Beginning(sample[^1].Text, sample[^1].Text.Length - (length - characters)) };
        return new DocumentSample(sample, documentsRead, charactersRead);
    }

    /// <summary>The beginning of a text, without half a character at its end.</summary>
    /// <param name="text">The text.</param>
    /// <param name="characters">The most UTF-16 units.</param>
    public static string Beginning(string text, long characters)
    {
        if (characters >= text.Length) return text;
        var end = (int)Math.Max(0, characters);
        return text[..(end > 0 && char.IsHighSurrogate(text[end - 1]) ? end - 1 : end)];
    }
}
