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
    /// <summary>The folder of sketches in a corpus.</summary>
    public const string Folder = "sketches";

    private readonly IReadOnlyList<string> _paths;

    private EarlierSketches(string corpus, StepSketches sketches)
    {
        Corpus = corpus;
        _paths = [.. sketches.Files.Select(file => Path.Combine(corpus, file.File))];
        Count = sketches.Documents;
        Fingerprint = BuildStage.Hash(sketches.Files.Select(file => file.Sha256));
    }

    /// <summary>The corpus's folder.</summary>
    public string Corpus { get; }

    /// <summary>How many documents it has.</summary>
    public long Count { get; }

    /// <summary>What the sketches are, as a key.</summary>
    public string Fingerprint { get; }

    /// <summary>Opens a corpus's sketches for a step.</summary>
    /// <param name="corpus">The corpus's folder.</param>
    /// <param name="step">The step.</param>
    /// <exception cref="CoppiceException">It is no finished corpus, has no such sketches, or they are damaged.</exception>
    public static EarlierSketches Open(string corpus, ICorpusStep step)
    {
        var report = BuildReport.Open(corpus);
        var sketches = report.Sketches.FirstOrDefault(sketches => sketches.Step == step.Name && sketches.Version == step.SketchVersion)
            ?? throw new CoppiceException(
                report.Sketches.Any(sketches => sketches.Step == step.Name)
                    ? $"{corpus}: its sketches for '{step.Name}' were made with other options than this recipe's. Build it again with this recipe, or take its options."
                    : $"{corpus}: it has no sketches for '{step.Name}', so nothing can be compared with it. Build it again with a recipe that has this step.");
        foreach (var file in sketches.Files)
        {
            var path = Path.Combine(corpus, file.File);
            if (File.Exists(path) && Checksum.OfFile(path) == file.Sha256) continue;
            throw new CoppiceException($"{path}: missing, or not the file that {BuildReport.FileName} was written for (checksum). Delete it and build {corpus} again.");
        }

        return new EarlierSketches(corpus, sketches);
    }

    /// <summary>The sketches in order.</summary>
    /// <param name="firstIndex">The index of the first document.</param>
    public IEnumerable<SketchedDocument> Read(long firstIndex) => Records(firstIndex).Select(record => record.Document);

    /// <summary>What reports call the documents, in order.</summary>
    public IEnumerable<string> Names() => Records(0).Select(record => $"{Encoding.UTF8.GetString(record.Id.Span)} in {Corpus}");

    private IEnumerable<(SketchedDocument Document, ReadOnlyMemory<byte> Id, ReadOnlyMemory<byte> Record)> Records(long firstIndex)
    {
        var length = new byte[sizeof(int)];
        foreach (var path in _paths)
        {
            using var file = new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.Read, 1 << 16, FileOptions.SequentialScan);
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
}

/// <summary>The sketches of a finished corpus for one step.</summary>
/// <param name="Step">The step they are for.</param>
/// <param name="Version">The <see cref="ICorpusStep.SketchVersion"/> under which they were made.</param>
/// <param name="Documents">Of how many documents.</param>
/// <param name="Files">The files that hold them, in order.</param>
public sealed record StepSketches(string Step, string Version, long Documents, IReadOnlyList<CorpusFile> Files);
