using System.Security.Cryptography;
using Coppice.Foundation;

namespace Coppice.Corpus.Building;

/// <summary>The decisions that end a stage, by chunk: taken once on all documents, and kept under a key made of all that they depend on.</summary>
internal sealed class StageDecisions
{
    private readonly string _path;
    private readonly long[] _starts;

    private StageDecisions(string path, long[] starts, IReadOnlyList<string> digests)
    {
        _path = path;
        _starts = starts;
        Digests = digests;
    }

    /// <summary>The SHA-256 of the decisions on each chunk's documents.</summary>
    public IReadOnlyList<string> Digests { get; }

    /// <summary>Takes the decisions that end a stage, or finds them taken.</summary>
    /// <param name="run">The build.</param>
    /// <param name="stage">The stage.</param>
    /// <param name="chunks">The keys of its chunks.</param>
    /// <returns>The decisions, and the files that hold them and what the next build can use of them.</returns>
    public static (StageDecisions Decisions, string[] Files) Take(BuildRun run, BuildStage stage, IReadOnlyList<string> chunks)
    {
        var step = stage.Decides!.Step;
        IReadOnlyList<EarlierSketches> earlier = step is ICorpusStep sketching ? [.. run.Options.Against.Select(corpus => EarlierSketches.Open(corpus, sketching))] : [];
        var path = run.Work.Decisions(BuildStage.Hash(chunks.Prepend(stage.Fingerprint).Concat(earlier.Select(corpus => corpus.Fingerprint))));
        var kept = run.Work.Kept(stage.Fingerprint);
        if (!File.Exists(path))
        {
            run.Begin($"Deciding ({stage.Decides.Name})", 0);
            var folder = run.Work.Temporary("deciding");
            var corpus = new ChunkedCorpus(run, earlier, [.. chunks.Select(run.Work.Chunk)], folder, kept);
            using (var sink = new DecisionSink(corpus, run.MemoryForDecisions))
            {
                if (step is ICorpusStep corpusStep) corpusStep.Decide(corpus, sink, run.Cancellation);
                else OrderedStep.Decide((IDocumentStep)step, corpus.Texts, sink, run.Cancellation);
                run.Cancellation.ThrowIfCancellationRequested();
                sink.Write(path);
            }

            Directory.Delete(folder, recursive: true);
        }

        return (Open(path, chunks.Count), [path, kept]);
    }

    /// <summary>The decisions on a chunk's documents.</summary>
    /// <param name="chunk">The chunk's number.</param>
    public byte[] Read(int chunk)
    {
        using var file = File.OpenHandle(_path);
        var bytes = new byte[_starts[chunk + 1] - _starts[chunk]];
        return PositionedRead.Fill(file, bytes, _starts[chunk]) && Checksum.Of(bytes) == Digests[chunk] ? bytes : throw Damaged(_path);
    }

    // The decisions on each chunk one after another, then the length and digest of each.
    private static StageDecisions Open(string path, int chunks)
    {
        using var input = new BinaryReader(File.OpenRead(path));
        var tableBytes = chunks * (sizeof(long) + SHA256.HashSizeInBytes);
        if (input.BaseStream.Length < tableBytes) throw Damaged(path);
        input.BaseStream.Seek(-tableBytes, SeekOrigin.End);
        var starts = new long[chunks + 1];
        var digests = new string[chunks];
        for (var i = 0; i < chunks; i++)
        {
            starts[i + 1] = starts[i] + input.ReadInt64();
            digests[i] = Convert.ToHexStringLower(input.ReadBytes(SHA256.HashSizeInBytes));
        }

        return starts[chunks] + tableBytes == input.BaseStream.Length ? new StageDecisions(path, starts, digests) : throw Damaged(path);
    }

    private static CoppiceException Damaged(string path) => new($"{path}: damaged. Delete it and start the same command again; what is missing is made anew.");
}
