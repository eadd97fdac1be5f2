using System.Security.Cryptography;
using System.Text.RegularExpressions;
using Coppice.Foundation;

namespace Coppice.Corpus.Building;

/// <summary>
/// The files of a corpus that hold its documents and the sketches of them. Each is named after what it holds and written once: one that an earlier build wrote stays, so that a
/// build writes what is new and no more, and until there is a new manifest the files of the old one are there.
/// </summary>
/// <remarks>That a file is still as it was written is told by its length, for its checksum would cost as much as to write it anew. Who reads it compares the checksum.</remarks>
internal sealed partial class ShardFiles
{
    private readonly string _folder;
    private readonly Dictionary<string, CorpusFile> _before = new(StringComparer.Ordinal);

    /// <summary>Finds out what an earlier build wrote.</summary>
    /// <param name="folder">The corpus's folder.</param>
    public ShardFiles(string folder)
    {
        _folder = folder;
        if (!File.Exists(Path.Combine(folder, CuratedCorpus.ManifestFile))) return;
        try
        {
            foreach (var file in Named(CuratedCorpus.ReadManifest(folder), BuildReport.Open(folder))) _before[file.File] = file;
        }
        catch (CoppiceException)
        {
            // A corpus that was written in another way, or is damaged: all its files are written again.
        }
    }

    /// <summary>The path in a corpus of a file.</summary>
    /// <param name="prefix">What comes before the name, such as a folder.</param>
    /// <param name="contents">The checksums of all that goes into it.</param>
    /// <param name="ending">How it ends.</param>
    public static string Name(string prefix, IEnumerable<string> contents, string ending) => $"{prefix}{BuildStage.Hash(contents)}{ending}";

    /// <summary>A file that an earlier build wrote, or null where it is not there.</summary>
    /// <param name="name">Its name.</param>
    public CorpusFile? Find(string name) => _before.TryGetValue(name, out var known) && new FileInfo(Path.Combine(_folder, name)) is { Exists: true } file && file.Length == known.Bytes ? known : null;

    /// <summary>Writes a file.</summary>
    /// <param name="name">Its name.</param>
    /// <param name="content">What it holds, piece by piece.</param>
    /// <param name="toDisk">Whether to wait until the disk has it.</param>
    public CorpusFile Write(string name, IEnumerable<ReadOnlyMemory<byte>> content, bool toDisk)
    {
        using var checksum = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        var bytes = 0L;
        AtomicFile.Write(
            Path.Combine(_folder, name),
            stream =>
            {
                foreach (var piece in content)
                {
                    stream.Write(piece.Span);
                    checksum.AppendData(piece.Span);
                    bytes += piece.Length;
                }
            },
            toDisk);
        return new CorpusFile(name, bytes, Convert.ToHexStringLower(checksum.GetHashAndReset()));
    }

    /// <summary>Deletes the files of earlier builds that a corpus no longer has. What does not have such a name is somebody else's.</summary>
    /// <param name="manifest">The corpus.</param>
    /// <param name="report">Its report.</param>
    public void Sweep(CorpusManifest manifest, BuildReport report)
    {
        var named = Named(manifest, report).Select(file => file.File).ToHashSet(StringComparer.Ordinal);
        foreach (var folder in new[] { CuratedCorpus.DocumentsFolder, CuratedCorpus.ValidationFolder, EarlierSketches.Folder }.Where(folder => Directory.Exists(Path.Combine(_folder, folder))))
        {
            foreach (var file in Directory.EnumerateFiles(Path.Combine(_folder, folder)))
            {
                if (OwnName().IsMatch(Path.GetFileName(file)) && !named.Contains($"{folder}/{Path.GetFileName(file)}")) File.Delete(file);
            }

            if (!Directory.EnumerateFileSystemEntries(Path.Combine(_folder, folder)).Any()) Directory.Delete(Path.Combine(_folder, folder));
        }

        File.Delete(Path.Combine(_folder, CuratedCorpus.DocumentsFile));
        File.Delete(Path.Combine(_folder, CuratedCorpus.ValidationFile));
    }

    private static IEnumerable<CorpusFile> Named(CorpusManifest manifest, BuildReport report) =>
        manifest.Train.Files.Concat(manifest.Validation?.Files ?? []).Concat(report.Sketches.SelectMany(step => step.Files));

    [GeneratedRegex("^([0-9]+-[a-z0-9-]+-)?[0-9a-f]{32}($|[.])")]
    private static partial Regex OwnName();
}
