using System.Buffers.Binary;
using System.Text;
using Coppice.Foundation;

namespace Coppice.Corpus.Building;

/// <summary>
/// The sketches that a finished corpus keeps of its documents for one step, so that a later corpus can be compared with it: blocks of <see cref="SketchRecords"/>,
/// each behind its length.
/// </summary>
internal sealed class EarlierSketches
{
    private readonly string _path;

    private EarlierSketches(string corpus, string path, SketchFile file)
    {
        Corpus = corpus;
        _path = path;
        Count = file.Documents;
        Fingerprint = file.Sha256;
    }

    /// <summary>The corpus's folder.</summary>
    public string Corpus { get; }

    /// <summary>How many documents it has.</summary>
    public long Count { get; }

    /// <summary>The SHA-256 of the sketches.</summary>
    public string Fingerprint { get; }

    /// <summary>Opens a corpus's sketches for a step.</summary>
    /// <param name="corpus">The corpus's folder.</param>
    /// <param name="step">The step.</param>
    /// <exception cref="CoppiceException">It is no finished corpus, has no such sketches, or they are damaged.</exception>
    public static EarlierSketches Open(string corpus, ICorpusStep step)
    {
        var report = BuildReport.Open(corpus);
        var file = report.Sketches.FirstOrDefault(file => file.Step == step.Name && file.Version == step.SketchVersion)
            ?? throw new CoppiceException(
                report.Sketches.Any(file => file.Step == step.Name)
                    ? $"{corpus}: its sketches for '{step.Name}' were made with other options than this recipe's. Build it again with this recipe, or take its options."
                    : $"{corpus}: it has no sketches for '{step.Name}', so nothing can be compared with it. Build it again with a recipe that has this step.");
        var path = Path.Combine(corpus, file.File);
        if (!File.Exists(path) || Checksum.OfFile(path) != file.Sha256) throw new CoppiceException($"{path}: missing, or not the file that {BuildReport.FileName} was written for (checksum). Build {corpus} again.");
        return new EarlierSketches(corpus, path, file);
    }

    /// <summary>The sketches in order.</summary>
    /// <param name="firstIndex">The index of the first document.</param>
    public IEnumerable<SketchedDocument> Read(long firstIndex) => Records(firstIndex).Select(record => record.Document);

    /// <summary>What reports call the documents, in order.</summary>
    public IEnumerable<string> Names() => Records(0).Select(record => $"{Encoding.UTF8.GetString(record.Id.Span)} in {Corpus}");

    private IEnumerable<(SketchedDocument Document, ReadOnlyMemory<byte> Id, ReadOnlyMemory<byte> Record)> Records(long firstIndex)
    {
        using var file = new FileStream(_path, FileMode.Open, FileAccess.Read, FileShare.Read, 1 << 16, FileOptions.SequentialScan);
        var length = new byte[sizeof(int)];
        while (file.ReadAtLeast(length, length.Length, throwOnEndOfStream: false) == length.Length)
        {
            var block = new byte[BinaryPrimitives.ReadInt32LittleEndian(length)];
            file.ReadExactly(block);
            foreach (var record in SketchRecords.Read(block, firstIndex, isEarlier: true))
            {
                yield return record;
                firstIndex++;
            }
        }
    }
}

/// <summary>A file of sketches in a finished corpus.</summary>
/// <param name="Step">The step they are for.</param>
/// <param name="Version">The <see cref="ICorpusStep.SketchVersion"/> under which they were made.</param>
/// <param name="File">The file, relative to the corpus.</param>
/// <param name="Documents">How many documents it has.</param>
/// <param name="Sha256">The SHA-256 of the file.</param>
public sealed record SketchFile(string Step, string Version, string File, long Documents, string Sha256);
