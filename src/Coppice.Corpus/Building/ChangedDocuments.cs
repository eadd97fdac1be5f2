using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using Coppice.Corpus.Deduplication;

namespace Coppice.Corpus.Building;

/// <summary>Which documents a linking step decides on again: those that are new since its decision before, and those that are linked with one that is new or gone.</summary>
internal sealed class ChangedDocuments
{
    private const int New = -1;

    private readonly DecidedDocuments _before;

    // Of each document which one it was before, and the other way round.
    private readonly int[] _matches, _now;
    private readonly bool[] _isAffected;

    private ChangedDocuments(DecidedDocuments before, ulong[] fingerprints)
    {
        _before = before;
        _matches = Match(before.Fingerprints, fingerprints);
        _now = new int[before.Fingerprints.Length];
        _now.AsSpan().Fill(New);
        for (var index = 0; index < _matches.Length; index++)
        {
            if (_matches[index] != New) _now[_matches[index]] = index;
        }

        // By the root of those that are linked.
        _isAffected = new bool[_now.Length];
        for (var index = 0; index < _now.Length; index++)
        {
            if (_now[index] == New) _isAffected[before.Roots[index]] = true;
        }
    }

    /// <summary>The documents to decide on, in order.</summary>
    public int[] Indices() => [.. Enumerable.Range(0, _matches.Length).Where(IsChanged)];

    /// <summary>Finds them; null where the keys of the new ones don't fit into memory.</summary>
    /// <param name="corpus">The documents.</param>
    /// <param name="fingerprints">Their fingerprints.</param>
    /// <param name="before">What the decision before was taken on.</param>
    public static ChangedDocuments? Find(ChunkedCorpus corpus, ulong[] fingerprints, DecidedDocuments before)
    {
        var changed = new ChangedDocuments(before, fingerprints);
        if (changed.NewKeys(corpus) is not { } keys) return null;
        changed.AddLinked(corpus, new KeySet(CollectionsMarshal.AsSpan(keys)));
        return changed;
    }

    /// <summary>Links the other documents as they were.</summary>
    /// <param name="links">Takes the links.</param>
    public void LinkOthers(UnionFind links)
    {
        for (var index = 0; index < _matches.Length; index++)
        {
            if (!IsChanged(index)) links.Join(index, _now[_before.Roots[_matches[index]]]);
        }
    }

    /// <summary>The decisions on the other documents as they were taken, by index and without those that are kept as they are.</summary>
    /// <param name="decisions">The decisions before.</param>
    public IEnumerable<(long Index, Decision Decision)> DecisionsOnOthers(StageDecisions decisions)
    {
        var place = 0;
        for (var chunk = 0; chunk < _before.Ends.Length; chunk++)
        {
            using var ofChunk = ChunkDecisions.Read(decisions.Read(chunk)).GetEnumerator();
            for (; place < _before.Ends[chunk]; place++)
            {
                ofChunk.MoveNext();
                if (ofChunk.Current.Kind != DecisionKind.Keep && _now[place] != New && !_isAffected[_before.Roots[place]]) yield return (_now[place], ofChunk.Current);
            }
        }
    }

    // Both are in order: of documents that changed places some count as new.
    private static int[] Match(ReadOnlySpan<ulong> before, ReadOnlySpan<ulong> now)
    {
        var matches = new int[now.Length];
        matches.AsSpan().Fill(New);
        var start = before.CommonPrefixLength(now);
        for (var index = 0; index < start; index++) matches[index] = index;
        var (endBefore, end) = (before.Length, now.Length);
        while (endBefore > start && end > start && before[endBefore - 1] == now[end - 1]) matches[--end] = --endBefore;

        var places = new Dictionary<ulong, int>();
        for (var place = start; place < endBefore; place++) places.TryAdd(before[place], place);
        var next = start;
        for (var index = start; index < end; index++)
        {
            if (!places.TryGetValue(now[index], out var place) || place < next) continue;
            matches[index] = place;
            next = place + 1;
        }

        return matches;
    }

    private bool IsChanged(int index) => _matches[index] == New || _isAffected[_before.Roots[_matches[index]]];

    private List<ulong>? NewKeys(ChunkedCorpus corpus)
    {
        int[] news = [.. Enumerable.Range(0, corpus.Chunks).Select(chunk => _matches.AsSpan((int)corpus.StartOf(chunk)..(int)corpus.EndOf(chunk)).Count(New))];
        var expected = 0.0;
        for (var chunk = 0; chunk < news.Length; chunk++)
        {
            if (news[chunk] > 0) expected += (double)corpus.Open(chunk).Length(ChunkSection.Keys) / sizeof(ulong) * news[chunk] / (corpus.EndOf(chunk) - corpus.StartOf(chunk));
        }

        if (expected * KeySet.BytesPerKey > corpus.MemoryBudget) return null;
        var all = new List<ulong>();
        corpus.ForEachChunk(() => chunk =>
        {
            if (news[chunk] == 0) return;
            byte[] buffer = [];
            var keys = LinkRecords.ReadKeys(corpus.Open(chunk), ref buffer);
            lock (all) AddNew(keys, (int)corpus.StartOf(chunk), all);
        });
        return all;
    }

    private void AddNew(ReadOnlySpan<ulong> keys, int index, List<ulong> all)
    {
        for (; !keys.IsEmpty; index++)
        {
            var ofDocument = LinkRecords.TakeFirst(ref keys);
            if (_matches[index] == New) all.AddRange(ofDocument);
        }
    }

    private void AddLinked(ChunkedCorpus corpus, KeySet news) => corpus.ForEachChunk(() =>
    {
        byte[] buffer = [];
        return chunk => MarkLinked(LinkRecords.ReadKeys(corpus.Open(chunk), ref buffer), (int)corpus.StartOf(chunk), news);
    });

    // All old documents go through it, and nothing else takes as long: it can't wait until the runtime finds that out. Threads may mark the same at once.
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private void MarkLinked(ReadOnlySpan<ulong> keys, int index, KeySet news)
    {
        for (; !keys.IsEmpty; index++)
        {
            var ofDocument = LinkRecords.TakeFirst(ref keys);
            if (!IsChanged(index) && news.HasAny(ofDocument)) _isAffected[_before.Roots[_matches[index]]] = true;
        }
    }
}
