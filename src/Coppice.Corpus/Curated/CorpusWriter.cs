using System.IO.Compression;
using System.Security.Cryptography;
using System.Text.Json;
using Coppice.Foundation;

namespace Coppice.Corpus;

/// <summary>Writes a curated corpus: training documents, validation documents and, last, the manifest that vouches for them.</summary>
public static class CorpusWriter
{
    /// <summary>Writes documents as a corpus. What the folder held of an earlier corpus is replaced.</summary>
    /// <param name="folder">The folder; made where it is missing.</param>
    /// <param name="documents">The documents, usually of a <see cref="CorpusPipeline"/>.</param>
    /// <param name="split">How to divide them.</param>
    /// <param name="report">The report of the pass that <paramref name="documents"/> come from; it is complete when they are read.</param>
    /// <returns>The manifest that was written.</returns>
    /// <exception cref="CoppiceException">The folder can't be written, or one side of the split is empty.</exception>
    public static CorpusManifest Write(string folder, IEnumerable<Document> documents, CorpusSplit split, CorpusReport report)
    {
        var trainPath = Path.Combine(folder, CuratedCorpus.DocumentsFile);
        var validationPath = Path.Combine(folder, CuratedCorpus.ValidationFile);
        var manifestPath = Path.Combine(folder, CuratedCorpus.ManifestFile);
        CorpusPart? train = null;
        CorpusPart? validation = null;
        AtomicFile.Write(trainPath, trainStream =>
        {
            using var trainPart = new PartWriter(trainStream);
            if (split.Kind == SplitKind.None)
            {
                foreach (var document in documents) trainPart.Write(document);
            }
            else
            {
                AtomicFile.Write(validationPath, validationStream =>
                {
                    using var validationPart = new PartWriter(validationStream);
                    WriteDivided(documents, split, trainPart, validationPart);
                    if (trainPart.Documents == 0 || validationPart.Documents == 0) throw OneSideEmpty(folder, split, trainPart.Documents, validationPart.Documents);
                    validation = validationPart.Finish();
                    Unvouch(manifestPath);
                });
            }

            train = trainPart.Finish();
            Unvouch(manifestPath);
        });

        if (validation is null) File.Delete(validationPath);
        var manifest = new CorpusManifest
        {
            Version = CorpusManifest.CurrentVersion,
            Train = train! with { Files = [FileOf(trainPath)] },
            Validation = validation is null ? null : validation with { Files = [FileOf(validationPath)] },
            Split = split.Kind,
            ValidationShare = split.ValidationShare,
            SplitSeed = split.Seed,
            FilesRead = report.FilesRead,
            DocumentsRead = report.DocumentsRead,
            BytesRead = report.BytesRead,
            Dropped = Counts(report.Dropped),
            SkippedFiles = Counts(report.SkippedFiles),
            Problems = Counts(report.Problems),
        };
        AtomicFile.WriteText(manifestPath, JsonSerializer.Serialize(manifest, CorpusManifest.Json) + "\n");
        return manifest;
    }

    // From here on the files change: an older manifest would vouch for documents that are no longer there.
    private static void Unvouch(string manifestPath) => File.Delete(manifestPath);

    private static void WriteDivided(IEnumerable<Document> documents, CorpusSplit split, PartWriter train, PartWriter validation)
    {
        foreach (var document in documents)
        {
            var (toTrain, toValidation) = split.Divide(document);
            if (toTrain is not null) train.Write(toTrain);
            if (toValidation is not null) validation.Write(toValidation);
        }
    }

    internal static CoppiceException OneSideEmpty(string folder, CorpusSplit split, long train, long validation) =>
        new(FormattableString.Invariant(
            $"{folder}: a {split.Kind} split with a validation share of {split.ValidationShare} leaves {train} document(s) ")
            + FormattableString.Invariant($"for training and {validation} for validation. ")
            + "Choose another share or the tail split, or give more documents.");

    private static CorpusFile FileOf(string path) => new(Path.GetFileName(path), new FileInfo(path).Length, Checksum.OfFile(path));

    private static Dictionary<string, long> Counts(IReadOnlyDictionary<string, ReportedCount> counts) =>
        counts.ToDictionary(entry => entry.Key, entry => entry.Value.Count);

    private sealed class PartWriter : IDisposable
    {
        private readonly GZipStream _compressed;
        private readonly IncrementalHash _hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        private readonly DocumentLines _lines = new();
        private readonly SortedDictionary<string, CorpusSourceCount> _sources = new(StringComparer.Ordinal);
        private long _bytes;

        public PartWriter(Stream stream) => _compressed = new GZipStream(stream, CompressionLevel.Optimal, leaveOpen: true);

        public long Documents { get; private set; }

        public void Write(Document document)
        {
            var line = _lines.Write(document);
            _hash.AppendData(SHA256.HashData(line));
            _compressed.Write(line);

            var bytes = System.Text.Encoding.UTF8.GetByteCount(document.Text);
            Documents++;
            _bytes += bytes;
            var before = _sources.GetValueOrDefault(document.Source, new CorpusSourceCount(0, 0));
            _sources[document.Source] = new CorpusSourceCount(before.Documents + 1, before.Bytes + bytes);
        }

        public CorpusPart Finish()
        {
            _compressed.Dispose();
            return new CorpusPart
            {
                Files = [],
                Documents = Documents,
                Bytes = _bytes,
                Fingerprint = Convert.ToHexStringLower(_hash.GetHashAndReset()),
                Sources = _sources,
            };
        }

        public void Dispose()
        {
            _compressed.Dispose();
            _lines.Dispose();
            _hash.Dispose();
        }
    }
}
