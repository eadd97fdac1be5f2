using Coppice.Corpus.Deduplication;

namespace Coppice.Corpus.Building;

/// <summary>
/// Takes the decision of a linking step: where the one before is known, on the documents that changed since and on what is linked with them, and otherwise on all. Both give the same.
/// </summary>
/// <param name="run">The build.</param>
/// <param name="step">The step.</param>
/// <param name="corpus">The documents.</param>
/// <param name="decided">The file of what the decision before was taken on, whether it is there or not.</param>
internal sealed class LinkedDecision(BuildRun run, ILinkingStep step, ChunkedCorpus corpus, string decided)
{
    // Two gigabytes of fingerprints.
    private const int MostDocuments = (1 << 28) - 1;

    /// <summary>Whether it can be taken so: with earlier corpora it is taken on all documents.</summary>
    /// <param name="corpus">The documents.</param>
    public static bool IsPossible(ChunkedCorpus corpus) => corpus is { EarlierCount: 0, Count: <= MostDocuments };

    /// <summary>Takes the decision and writes it.</summary>
    /// <param name="key">Its key.</param>
    public void Take(string key)
    {
        var fingerprints = Fingerprints();
        var before = DecidedDocuments.Read(decided);
        var decisions = before is null ? null : StageDecisions.Open(run.Work.Decisions(before.Decisions), before.Ends.Length);
        var changed = decisions is null ? null : ChangedDocuments.Find(corpus, fingerprints, before!);
        var links = new UnionFind(fingerprints.Length);
        using var sink = new DecisionSink(corpus, run.MemoryForDecisions, links);
        if (changed is null)
        {
            step.Decide(corpus, sink, run.Cancellation);
        }
        else
        {
            var part = new PartialCorpus(corpus, changed.Indices(), sink);
            step.Decide(part, part, run.Cancellation);
            changed.LinkOthers(links);
        }

        run.Cancellation.ThrowIfCancellationRequested();
        sink.Write(run.Work.Decisions(key), changed?.DecisionsOnOthers(decisions!) ?? []);
        int[] ends = [.. Enumerable.Range(0, corpus.Chunks).Select(chunk => (int)corpus.EndOf(chunk))], roots = [.. Enumerable.Range(0, fingerprints.Length).Select(links.Find)];
        new DecidedDocuments(key, ends, fingerprints, roots).Write(decided);
    }

    private ulong[] Fingerprints()
    {
        var fingerprints = new ulong[corpus.Count];
        corpus.ForEachChunk(() => chunk => LinkRecords.ReadFingerprints(corpus.Open(chunk)).CopyTo(fingerprints.AsSpan((int)corpus.StartOf(chunk))));
        return fingerprints;
    }
}
