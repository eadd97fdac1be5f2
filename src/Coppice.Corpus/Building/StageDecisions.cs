using System.Security.Cryptography;
using Coppice.Foundation;

namespace Coppice.Corpus.Building;

/// <summary>The decisions that end a stage, by chunk: taken once on all documents, and kept under a key made of all that they depend on.</summary>
internal sealed class StageDecisions
{
    /// <summary>What a file of decisions ends with.</summary>
    public static ReadOnlySpan<byte> Magic => "coppice decisions 1\n"u8;

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
        var key = BuildStage.Hash(chunks.Prepend(stage.Fingerprint).Concat(earlier.Select(corpus => corpus.Fingerprint)));
        var (path, kept, decided) = (run.Work.Decisions(key), run.Work.Kept(stage.Fingerprint), run.Work.Decided(stage.Fingerprint));
        var decisions = Open(path, chunks.Count);
        if (decisions is null)
        {
            run.Begin($"Deciding ({stage.Decides.Name})", 0);
            var folder = run.Work.Temporary("deciding");
            var corpus = new ChunkedCorpus(run, earlier, [.. chunks.Select(run.Work.Chunk)], folder, kept);
            if (step is ILinkingStep linking && LinkedDecision.IsPossible(corpus)) new LinkedDecision(run, linking, corpus, decided).Take(key);
            else TakeOnAll(run, step, corpus, path);
            Directory.Delete(folder, recursive: true);
            decisions = Open(path, chunks.Count) ?? throw Damaged(path);
        }

        return (decisions, [path, kept, decided]);
    }

    /// <summary>Opens decisions: those on each chunk one after another, then the length and digest of each. Null where they are not there or a loss of power cut them off.</summary>
    /// <param name="path">The file.</param>
    /// <param name="chunks">How many chunks.</param>
    public static StageDecisions? Open(string path, int chunks)
    {
        if (!File.Exists(path)) return null;
        using var file = File.OpenHandle(path);
        var table = new byte[(chunks * (sizeof(long) + SHA256.HashSizeInBytes)) + Magic.Length];
        var tableAt = RandomAccess.GetLength(file) - table.Length;
        if (tableAt < 0 || !PositionedRead.Fill(file, table, tableAt) || !table.AsSpan().EndsWith(Magic)) return null;
        using var input = new BinaryReader(new MemoryStream(table));
        var starts = new long[chunks + 1];
        var digests = new string[chunks];
        for (var i = 0; i < chunks; i++)
        {
            starts[i + 1] = starts[i] + input.ReadInt64();
            digests[i] = Convert.ToHexStringLower(input.ReadBytes(SHA256.HashSizeInBytes));
        }

        return starts[chunks] == tableAt ? new StageDecisions(path, starts, digests) : null;
    }

    /// <summary>The decisions on a chunk's documents.</summary>
    /// <param name="chunk">The chunk's number.</param>
    public byte[] Read(int chunk)
    {
        using var file = File.OpenHandle(_path);
        var bytes = new byte[_starts[chunk + 1] - _starts[chunk]];
        return PositionedRead.Fill(file, bytes, _starts[chunk]) && Checksum.Of(bytes) == Digests[chunk] ? bytes : throw Damaged(_path);
    }

    private static void TakeOnAll(BuildRun run, object step, ChunkedCorpus corpus, string path)
    {
        using var sink = new DecisionSink(corpus, run.MemoryForDecisions);
        if (step is ICorpusStep corpusStep) corpusStep.Decide(corpus, sink, run.Cancellation);
        else OrderedStep.Decide((IDocumentStep)step, corpus.Texts, sink, run.Cancellation);
        run.Cancellation.ThrowIfCancellationRequested();
        sink.Write(path, []);
    }

    private static CoppiceException Damaged(string path) => new($"{path}: damaged. Delete it and start the same command again; what is missing is made anew.");
}
