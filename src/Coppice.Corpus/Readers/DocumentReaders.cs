using Coppice.Foundation;

namespace Coppice.Corpus;

/// <summary>The registry of source formats.</summary>
public static class DocumentReaders
{
    /// <summary>How many first bytes of a file are shown to <see cref="IDocumentReader.Recognises"/>, at most.</summary>
    public const int SniffedBytes = 4096;

    /// <summary>Every format. The first that recognises a file reads it: plain text, which takes any bytes, comes last.</summary>
    public static IReadOnlyList<IDocumentReader> All { get; } =
    [
        new JsonLinesReader(),
        new WarcReader(),
        new MboxReader(),
        new CsvReader("csv"),
        new CsvReader("tsv"),
        new XmlDocumentationReader(),
        new HtmlReader(),
        new MarkdownReader(),
        new SourceCodeReader(),
        new PlainTextReader(),
    ];

    /// <summary>The reader of a named format.</summary>
    /// <param name="format">The format's name.</param>
    /// <exception cref="CoppiceException">There is no such format: the message names the nearest.</exception>
    public static IDocumentReader Get(string format) =>
        All.FirstOrDefault(reader => reader.Format == format)
        ?? throw CoppiceException.Usage(
            $"'{format}' is not a format that can be read{NearestName.Hint(format, All.Select(reader => reader.Format))}; "
            + $"known are {string.Join(", ", All.Select(reader => reader.Format))}.");

    /// <summary>The reader for a file, or null where the file is of no known format.</summary>
    /// <param name="path">The file's path; an ending <c>.gz</c> is ignored.</param>
    /// <param name="beginning">Its first bytes, decompressed.</param>
    /// <param name="namedOutright">
    /// Whether the user named this very file or a pattern that it matches. Then an unknown ending does not matter, any text is read;
    /// inside a folder only known endings are, because folders are full of files that are no prose.
    /// </param>
    public static IDocumentReader? Find(string path, ReadOnlySpan<byte> beginning, bool namedOutright)
    {
        var extension = Path.GetExtension(IsGzip(path) ? path[..^3] : path).ToLowerInvariant();
        return (extension.Length > 0 ? First(extension, beginning) : null) ?? (namedOutright ? First("", beginning) : null);
    }

    internal static bool IsGzip(string path) => path.EndsWith(".gz", StringComparison.OrdinalIgnoreCase);

    private static IDocumentReader? First(string extension, ReadOnlySpan<byte> beginning)
    {
        foreach (var reader in All)
        {
            if (reader.Recognises(extension, beginning)) return reader;
        }

        return null;
    }
}
