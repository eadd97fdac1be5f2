namespace Coppice.Corpus;

/// <summary>Reads one source format. A format is one class and one line in <see cref="DocumentReaders"/>.</summary>
public interface IDocumentReader
{
    /// <summary>The name in recipes, such as <c>jsonl</c>.</summary>
    string Format { get; }

    /// <summary>Whether a file is of this format.</summary>
    /// <param name="extension">
    /// The file's ending in lower case with the dot, without a further <c>.gz</c>; or empty, where the file has to be told by its bytes alone.
    /// </param>
    /// <param name="beginning">The first bytes of the (decompressed) file.</param>
    bool Recognises(string extension, ReadOnlySpan<byte> beginning);

    /// <summary>
    /// Reads the documents of a file as a stream. What can't be read is counted in the report; only what concerns the whole run is thrown.
    /// </summary>
    /// <param name="file">The file and how to read it.</param>
    IEnumerable<Document> Read(SourceFile file);
}

/// <summary>A file as a reader sees it.</summary>
/// <param name="Content">The bytes, decompressed. Read forward only.</param>
/// <param name="Path">The path, for messages.</param>
/// <param name="Id">The path relative to the input, with <c>/</c>: the same on every machine.</param>
/// <param name="Source">The source of documents that don't name one themselves.</param>
/// <param name="SourceIsFixed">Whether <paramref name="Source"/> also overrides the sources that documents name.</param>
/// <param name="Options">How to read.</param>
/// <param name="Report">Takes what is dropped and what was wrong.</param>
public sealed record SourceFile(
    Stream Content, string Path, string Id, string Source, bool SourceIsFixed, ReaderOptions Options, CorpusReport Report)
{
    /// <summary>
    /// Whether <see cref="CorpusWriter"/> wrote it: then <c>score</c>, <c>copies</c> and <c>weight</c> are those of <see cref="Document"/>. In anybody else's file they may mean anything.
    /// </summary>
    public bool IsCurated { get; init; }

    /// <summary>
    /// Goes on, after a read that threw <see cref="InvalidDataException"/>, behind what can't be decompressed, and says whether there is anything. For formats whose
    /// records are found again wherever one begins.
    /// </summary>
    public Func<bool> SkipDamage { get; init; } = () => false;
}

/// <summary>How files are read.</summary>
public sealed record ReaderOptions
{
    /// <summary>The largest value of <see cref="MaximumDocumentBytes"/>: 1 GiB, so that a document fits a .NET string and array.</summary>
    public const int LargestDocumentBytes = 1 << 30;

    /// <summary>The format of every file (see <see cref="IDocumentReader.Format"/>), or null to tell it by the ending and the first bytes.</summary>
    public string? Format { get; init; }

    /// <summary>The field of a JSON line, or the column of a table, that holds the text.</summary>
    public string TextField { get; init; } = "text";

    /// <summary>The field or column that holds a document's name.</summary>
    public string IdField { get; init; } = "id";

    /// <summary>The field or column that holds a document's source.</summary>
    public string SourceField { get; init; } = "source";

    /// <summary>The field or column that holds a document's title.</summary>
    public string TitleField { get; init; } = "title";

    /// <summary>The field or column that holds a document's address.</summary>
    public string UrlField { get; init; } = "url";

    /// <summary>The field or column that holds a document's date.</summary>
    public string DateField { get; init; } = "date";

    /// <summary>The field or column that holds the code of a document's language.</summary>
    public string LanguageField { get; init; } = "language";

    /// <summary>The field or column that holds a document's licence; of a JSON line, <c>license</c> counts too.</summary>
    public string LicenceField { get; init; } = "licence";

    /// <summary>Whether what a mail quotes of others (lines that begin with <c>&gt;</c>, and the line that says who wrote them) is part of its text.</summary>
    public bool KeepQuotedReplies { get; init; }

    /// <summary>Whether what follows the line <c>-- </c> of a mail is part of its text.</summary>
    public bool KeepSignatures { get; init; }

    /// <summary>
    /// The most bytes a document (a text file, a JSON line, an XML file), decompressed, may have. Larger ones are dropped and counted:
    /// this bounds the memory that a damaged or hostile file can cost. Default 256 MiB.
    /// </summary>
    public int MaximumDocumentBytes { get; init; } = 256 << 20;
}
