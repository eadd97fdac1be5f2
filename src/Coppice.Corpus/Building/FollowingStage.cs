using System.Collections.Concurrent;

namespace Coppice.Corpus.Building;

/// <summary>
/// A stage after the first: the decisions on the documents of each chunk of the stage before are carried out, then its steps follow. A chunk on which nothing else was
/// decided than before has its result already.
/// </summary>
internal sealed class FollowingStage(BuildRun run, BuildStage stage, IReadOnlyList<string> chunks, StageDecisions decisions)
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
                worker.Process(before.Documents(), ChunkDecisions.Read(decisions.Read(number)), path, stop);
                _budget.Release(cost);
            }

            run.CountChunk(isThere);
            run.Advance(before.BytesOut, before.DocumentsOut, isThere);
        }
    }
}
