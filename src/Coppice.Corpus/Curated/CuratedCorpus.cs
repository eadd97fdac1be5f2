using System.Text.Json;
using Coppice.Foundation;

namespace Coppice.Corpus;

/// <summary>A corpus that <see cref="CorpusWriter"/> or <see cref="Building.CorpusBuild"/> wrote.</summary>
public sealed class CuratedCorpus
{
    /// <summary>The name of the manifest.</summary>
    public const string ManifestFile = "corpus.json";

    /// <summary>The name of the file of training documents, where there is one.</summary>
    public const string DocumentsFile = "documents.jsonl.gz";

    /// <summary>The name of the file of validation documents, where there is one.</summary>
    public const string ValidationFile = "validation.jsonl.gz";

    /// <summary>The folder of the files of training documents, where they are several.</summary>
    public const string DocumentsFolder = "documents";

    /// <summary>The folder of the files of validation documents, where they are several.</summary>
    public const string ValidationFolder = "validation";

    /// <summary>How the name of a file of documents ends.</summary>
    internal const string DocumentsEnding = ".jsonl.gz";

    private readonly string _folder;

    private CuratedCorpus(string folder, CorpusManifest manifest)
    {
        _folder = folder;
        Manifest = manifest;
    }

    /// <summary>What the corpus holds.</summary>
    public CorpusManifest Manifest { get; }

    /// <summary>Opens a corpus and checks its files against the manifest.</summary>
    /// <param name="folder">The corpus's folder.</param>
    /// <exception cref="CoppiceException">There is no manifest, it can't be read, or a file is not the one it was written for.</exception>
    public static CuratedCorpus Open(string folder)
    {
        var corpus = new CuratedCorpus(folder, ReadManifest(folder));
        corpus.Check(corpus.Manifest.Train);
        if (corpus.Manifest.Validation is { } validation) corpus.Check(validation);
        return corpus;
    }

    /// <summary>Reads what vouches for a corpus, without a look at its files.</summary>
    /// <param name="folder">The corpus's folder.</param>
    /// <exception cref="CoppiceException">There is no manifest, or it can't be read.</exception>
    internal static CorpusManifest ReadManifest(string folder)
    {
        var path = Path.Combine(folder, ManifestFile);
        if (!File.Exists(path))
        {
            throw new CoppiceException(
                $"{folder}: there is no {ManifestFile}, so this is no finished corpus. Build one with `coppice corpus build`.");
        }

        CorpusManifest manifest;
        try
        {
            manifest = JsonSerializer.Deserialize<CorpusManifest>(File.ReadAllBytes(path), CorpusManifest.Json)
                ?? throw new JsonException("it holds null");
        }
        catch (Exception error) when (error is JsonException or IOException or UnauthorizedAccessException)
        {
            throw new CoppiceException($"{path}: can't be read as a corpus manifest: {error.Message} Build the corpus again.", inner: error);
        }

        if (manifest.Version != CorpusManifest.CurrentVersion)
        {
            throw new CoppiceException(FormattableString.Invariant(
                $"{path}: the corpus has version {manifest.Version}; this program reads version {CorpusManifest.CurrentVersion}. Build the corpus again."));
        }

        return NamesOnly(manifest.Train, DocumentsFile, DocumentsFolder) && (manifest.Validation is null || NamesOnly(manifest.Validation, ValidationFile, ValidationFolder))
            ? manifest
            : throw new CoppiceException($"{path}: names files that are none of a corpus. Build the corpus again.");
    }

    /// <summary>The training documents as a stream.</summary>
    public IEnumerable<Document> Train() => Read(Manifest.Train);

    /// <summary>The validation documents as a stream; empty where there is no split.</summary>
    public IEnumerable<Document> Validation() => Manifest.Validation is null ? [] : Read(Manifest.Validation);

    private IEnumerable<Document> Read(CorpusPart part)
    {
        var documents = 0L;
        foreach (var path in part.Files.Select(file => Path.Combine(_folder, file.File)))
        {
            using var file = new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.Read, 1 << 16, FileOptions.SequentialScan);
            foreach (var document in DocumentLines.ReadAll(new CheckedGzipStream(file, canSkipDamage: false)))
            {
                documents++;
                yield return document;
            }
        }

        if (documents != part.Documents)
        {
            throw new CoppiceException(FormattableString.Invariant(
                $"{_folder}: {documents} documents could be read of the {part.Documents} that {ManifestFile} promises. Build the corpus again."));
        }
    }

    private void Check(CorpusPart part)
    {
        foreach (var file in part.Files)
        {
            var path = Path.Combine(_folder, file.File);
            if (!File.Exists(path) || Checksum.OfFile(path) != file.Sha256)
            {
                throw new CoppiceException($"{path}: missing, or not the file that {ManifestFile} was written for (checksum). Delete it and build the corpus again.");
            }
        }
    }

    // A manifest may come from anywhere: it names files of documents and nothing else.
    private static bool NamesOnly(CorpusPart part, string whole, string folder) =>
        part.Files.All(file => file is not null && (file.File == whole || file.File == $"{folder}/{Path.GetFileName(file.File)}"));
}
