using System.Text.Json;
using Coppice.Foundation;

namespace Coppice.Corpus;

/// <summary>A corpus that <see cref="CorpusWriter"/> wrote.</summary>
public sealed class CuratedCorpus
{
    /// <summary>The name of the manifest.</summary>
    public const string ManifestFile = "corpus.json";

    /// <summary>The name of the file of training documents.</summary>
    public const string DocumentsFile = "documents.jsonl.gz";

    /// <summary>The name of the file of validation documents.</summary>
    public const string ValidationFile = "validation.jsonl.gz";

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

        var corpus = new CuratedCorpus(folder, manifest);
        corpus.Check(DocumentsFile, manifest.Train);
        if (manifest.Validation is not null) corpus.Check(ValidationFile, manifest.Validation);
        return corpus;
    }

    /// <summary>The training documents as a stream.</summary>
    public IEnumerable<Document> Train() => Read(Manifest.Train);

    /// <summary>The validation documents as a stream; empty where there is no split.</summary>
    public IEnumerable<Document> Validation() => Manifest.Validation is null ? [] : Read(Manifest.Validation);

    private IEnumerable<Document> Read(CorpusPart part)
    {
        var path = Path.Combine(_folder, part.File);
        using var file = new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.Read, 1 << 16, FileOptions.SequentialScan);
        var documents = 0L;
        foreach (var document in DocumentLines.ReadAll(new CheckedGzipStream(file, canSkipDamage: false)))
        {
            documents++;
            yield return document;
        }

        if (documents != part.Documents)
        {
            throw new CoppiceException(FormattableString.Invariant(
                $"{path}: {documents} documents could be read of the {part.Documents} that {ManifestFile} promises. Build the corpus again."));
        }
    }

    private void Check(string file, CorpusPart part)
    {
        var path = Path.Combine(_folder, file);
        if (part.File != file || !File.Exists(path) || Checksum.OfFile(path) != part.Sha256)
        {
            throw new CoppiceException($"{path}: missing, or not the file that {ManifestFile} was written for (checksum). Build the corpus again.");
        }
    }
}
