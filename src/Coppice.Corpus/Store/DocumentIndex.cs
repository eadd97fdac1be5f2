namespace Coppice.Corpus;

/// <summary>Where the documents of a token store begin, how long their text was, and where they came from. About 20 bytes a document.</summary>
internal sealed class DocumentIndex
{
    private readonly Dictionary<string, int> _sourceNumbers = new(StringComparer.Ordinal);

    /// <summary>The first token of each document, and after the last one the number of tokens.</summary>
    public List<long> Starts { get; } = [0];

    /// <summary>UTF-8 bytes of each document's text.</summary>
    public List<long> TextBytes { get; } = [];

    /// <summary>The number of each document's source.</summary>
    public List<int> SourceNumbers { get; } = [];

    /// <summary>The sources' names, by their number: in the order of their first documents.</summary>
    public List<string> SourceNames { get; } = [];

    /// <summary>Adds the next document.</summary>
    /// <param name="end">The number of tokens up to its end.</param>
    /// <param name="textBytes">UTF-8 bytes of its text.</param>
    /// <param name="source">Its source.</param>
    public void Add(long end, long textBytes, string source)
    {
        if (!_sourceNumbers.TryGetValue(source, out var number))
        {
            _sourceNumbers[source] = number = SourceNames.Count;
            SourceNames.Add(source);
        }

        Starts.Add(end);
        TextBytes.Add(textBytes);
        SourceNumbers.Add(number);
    }
}
