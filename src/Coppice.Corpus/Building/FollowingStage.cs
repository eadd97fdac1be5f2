using System.Collections.Concurrent;
using System.Globalization;
using System.Security.Cryptography;
using System.Text;

namespace Coppice.Corpus.Building;

/// <summary>
/// A stage after the first: the decisions on the documents of each chunk of the stage before are carried out, then its steps follow. A chunk on which nothing else was
/// decided than before has its result already, and of another one so have the parts on which nothing else was.
/// </summary>
/// <param name="run">The build.</param>
/// <param name="stage">The stage.</param>
/// <param name="chunks">The keys of the chunks in the stage before.</param>
/// <param name="decisions">What was decided of their documents.</param>
/// <param name="earlier">The chunks of the build before.</param>
internal sealed class FollowingStage(BuildRun run, BuildStage stage, IReadOnlyList<string> chunks, StageDecisions decisions, EarlierChunks earlier)
{
    private readonly ByteBudget _budget = run.Budget();
    private readonly ConcurrentDictionary<string, bool> _begun = [];
    private int _next = -1;

    /// <summary>Does the stage.</summary>
    /// <returns>The keys of the chunks, in order.</returns>
    public IReadOnlyList<string> Run()
    {
        string[] keys = [.. chunks.Select((chunk, i) => BuildStage.Hash(stage.Fingerprint, chunk, decisions.Digests[i]))];
        run.Begin(string.Join(", ", stage.CountedSteps.Select(step => step.Name)), chunks.Sum(chunk => ChunkFile.Open(run.Work.Chunk(chunk)).BytesOut));
        run.InParallel(Enumerable.Repeat<Action<CancellationToken>>(stop => Work(keys, stop), run.Threads));
        return keys;
    }

    private void Work(string[] keys, CancellationToken stop)
    {
        using var worker = new StageWorker(stage, run.Options.Split);
        // The same chunk may be there twice, and what becomes of it is made once.
        while (Interlocked.Increment(ref _next) is var number && number < chunks.Count)
        {
            stop.ThrowIfCancellationRequested();
            var before = ChunkFile.Open(run.Work.Chunk(chunks[number]));
            var path = run.Work.Chunk(keys[number]);
            var isThere = !_begun.TryAdd(path, true) || ChunkFile.Exists(path);
            if (!isThere)
            {
                var cost = BuildRun.Cost(before.BytesOut);
                _budget.Take(cost, stop);
                worker.Process(PartsOf(before, decisions.Read(number)), earlier.Find(number, stage.Number), path, stop);
                _budget.Release(cost);
            }

            run.CountChunk(isThere);
            run.Advance(before.BytesOut, before.DocumentsOut, isThere);
        }
    }

    private IEnumerable<ChunkPart> PartsOf(ChunkFile before, byte[] ofChunk)
    {
        using var next = ChunkDecisions.Read(ofChunk).GetEnumerator();
        foreach (var (bytes, count, documents) in before.Members())
        {
            var own = new Decision[count];
            using var written = new MemoryStream();
            using var output = new BinaryWriter(written);
            for (var place = 0; place < count; place++)
            {
                next.MoveNext();
                own[place] = next.Current;
                if (own[place].Kind != DecisionKind.Keep) ChunkDecisions.Write(output, place, own[place]);
            }

            yield return new ChunkPart(KeyOf(bytes.Span, written.GetBuffer().AsSpan(0, (int)written.Length)), documents, own);
        }
    }

    // What is said of a document tells the numbers of the steps, which those before the stage move.
    private string KeyOf(ReadOnlySpan<byte> documents, ReadOnlySpan<byte> ofDocuments)
    {
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        hash.AppendData(Encoding.UTF8.GetBytes(string.Create(CultureInfo.InvariantCulture, $"{stage.Fingerprint} {stage.FirstStep} {ofDocuments.Length} ")));
        hash.AppendData(ofDocuments);
        hash.AppendData(documents);
        return Convert.ToHexStringLower(hash.GetHashAndReset());
    }
}
