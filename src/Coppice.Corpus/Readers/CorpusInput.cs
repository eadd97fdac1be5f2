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
    public IEnumerable<Document> Read(ReaderOptions options, CorpusReport report)
    {
        if (options.MaximumDocumentBytes is < 1 or > ReaderOptions.LargestDocumentBytes)
        {
            throw CoppiceException.Usage(FormattableString.Invariant(
                $"maximum_document_bytes is {options.MaximumDocumentBytes}; it must lie between 1 and {ReaderOptions.LargestDocumentBytes}."));
        }

        var forced = options.Format is null ? null : DocumentReaders.Get(options.Format);
        foreach (var found in FileFinder.Find(Path, report))
        {
            using var content = Open(found.Path, report);
            if (content is null) continue;
            var beginning = Peek(content, found.Path, report);
            if (beginning is null) continue;
            var reader = forced ?? DocumentReaders.Find(found.Path, beginning, found.NamedOutright);
            if (reader is null)
            {
                report.SkipFile($"{DropReasons.UnknownFormat} '{System.IO.Path.GetExtension(found.Path)}'", found.Path);
                continue;
            }

            report.CountFile();
            using var whole = new ConcatenatedStream(new MemoryStream(beginning), content);
            var file = new SourceFile(whole, found.Path, found.Id, Name ?? found.Source, Name is not null, options, report);
            foreach (var document in Documents(reader, file)) yield return document;
        }
    }

    private static Stream? Open(string path, CorpusReport report)
    {
        try
        {
            var file = new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.Read, 1 << 16, FileOptions.SequentialScan);
            return DocumentReaders.IsGzip(path) ? new CheckedGzipStream(file) : file;
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
