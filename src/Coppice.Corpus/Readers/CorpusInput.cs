using Coppice.Foundation;

namespace Coppice.Corpus;

/// <summary>
/// One thing to read: a file, a folder (with everything below it), a pattern such as <c>docs/**/*.md</c>,
/// or a corpus that <see cref="CorpusWriter"/> wrote (of which the training documents are read).
/// </summary>
/// <param name="Path">The file, folder or pattern.</param>
/// <param name="Name">The source its documents are counted under, or null for the source that they name or the path's last part.</param>
public sealed record CorpusInput(string Path, string? Name = null)
{
    /// <summary>Reads the documents as a stream.</summary>
    /// <param name="options">How to read.</param>
    /// <param name="report">Takes what was skipped, dropped and wrong.</param>
    /// <exception cref="CoppiceException">The path does not exist, or a pattern matches no file.</exception>
    public IEnumerable<Document> Read(ReaderOptions options, CorpusReport report) =>
        Find(report).SelectMany(file => ReadFile(file, options, report));

    /// <summary>The files to read, in order.</summary>
    /// <param name="report">Takes the folders that can't be read.</param>
    internal IEnumerable<FoundFile> Find(CorpusReport report) => FileFinder.Find(Path, report);

    /// <summary>Reads the documents of one file as a stream.</summary>
    /// <param name="found">The file, of <see cref="Find"/>.</param>
    /// <param name="options">How to read.</param>
    /// <param name="report">Takes what was skipped, dropped and wrong.</param>
    internal IEnumerable<Document> ReadFile(FoundFile found, ReaderOptions options, CorpusReport report)
    {
        if (options.MaximumDocumentBytes is < 1 or > ReaderOptions.LargestDocumentBytes)
        {
            throw CoppiceException.Usage(FormattableString.Invariant(
                $"maximum_document_bytes is {options.MaximumDocumentBytes}; it must lie between 1 and {ReaderOptions.LargestDocumentBytes}."));
        }

        using var content = Open(found.Path, report);
        if (content is null) yield break;
        var beginning = Peek(content, found.Path, report);
        if (beginning is null) yield break;
        var reader = options.Format is null ? DocumentReaders.Find(found.Path, beginning, found.NamedOutright) : DocumentReaders.Get(options.Format);
        if (reader is null)
        {
            report.SkipFile($"{DropReasons.UnknownFormat} '{System.IO.Path.GetExtension(found.Path)}'", found.Path);
            yield break;
        }

        report.CountFile();
        using var whole = new ConcatenatedStream(new MemoryStream(beginning), content);
        var file = new SourceFile(whole, found.Path, found.Id, Name ?? found.Source, Name is not null, options, report) { IsCurated = found.IsCurated };
        if (content is CheckedGzipStream members) file = file with { SkipDamage = members.SkipDamage };
        foreach (var document in Documents(reader, file)) yield return document;
        if (content is CheckedGzipStream { Decompressed: > SuspiciousBytes } gzip && gzip.Decompressed / SuspiciousRatio > gzip.Compressed)
        {
            report.Problem(DropReasons.SuspiciousCompression, FormattableString.Invariant($"{found.Path}: {gzip.Decompressed / Math.Max(1, gzip.Compressed)}:1"));
        }
    }

    // Text compresses to a tenth of its size, very repetitive text to a hundredth.
    private const int SuspiciousRatio = 200;
    private const int SuspiciousBytes = 1 << 20;

    private static Stream? Open(string path, CorpusReport report)
    {
        try
        {
            Stream file = new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.Read, 1 << 16, FileOptions.SequentialScan);
            if (report.OnFileBytes is { } told) file = new MeteredStream(file, told);
            return DocumentReaders.IsGzip(path) ? new CheckedGzipStream(file, DocumentReaders.Find(path, [], namedOutright: false) is WarcReader) : file;
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            report.SkipFile(DropReasons.Unreadable, $"{path}: {error.Message}");
            return null;
        }
    }

    private static byte[]? Peek(Stream content, string path, CorpusReport report)
    {
        var beginning = new byte[DocumentReaders.SniffedBytes];
        var length = 0;
        try
        {
            while (length < beginning.Length && content.Read(beginning, length, beginning.Length - length) is var read and > 0) length += read;
            return beginning[..length];
        }
        catch (Exception error) when (error is InvalidDataException or IOException)
        {
            // What can be read of a damaged file is read; its reader will meet the damage again and report it.
            if (length > 0) return beginning[..length];
            report.SkipFile(DropReasons.Unreadable, $"{path}: {error.Message}");
            return null;
        }
    }

    // A file that becomes unreadable half way (a disk error, damaged compression) costs its rest, not the run.
    private static IEnumerable<Document> Documents(IDocumentReader reader, SourceFile file)
    {
        using var documents = reader.Read(file).GetEnumerator();
        while (true)
        {
            try
            {
                if (!documents.MoveNext()) yield break;
            }
            catch (InvalidDataException)
            {
                file.Report.Problem(DropReasons.DamagedCompression, file.Path);
                yield break;
            }
            catch (IOException error)
            {
                file.Report.Problem(DropReasons.Unreadable, $"{file.Path}: {error.Message}");
                yield break;
            }

            yield return documents.Current;
        }
    }
}
