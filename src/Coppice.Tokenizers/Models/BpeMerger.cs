using System.Buffers;

namespace Coppice.Tokenizers.Models;

/// <summary>
/// Applies merges to the symbols of a word: always the pair with the lowest rank, of several the leftmost, one at a time.
/// Short words are scanned, long ones use a heap and a linked list, so that a word of n symbols takes O(n log n).
/// </summary>
internal static class BpeMerger
{
    /// <summary>Words with more symbols than this use the heap.</summary>
    public const int LongestScannedWord = 40;

    /// <summary>Merges in place.</summary>
    /// <param name="ids">The symbols' ids.</param>
    /// <param name="lengths">Their lengths, which add up when they merge; empty where nobody wants them.</param>
    /// <param name="merges">The merges.</param>
    /// <returns>How many symbols are left, at the front of the spans.</returns>
    public static int Merge(Span<int> ids, Span<int> lengths, MergeTable merges)
    {
        if (ids.Length < 2 || merges.Count == 0) return ids.Length;
        return ids.Length <= LongestScannedWord ? MergeByScanning(ids, lengths, merges) : MergeByHeap(ids, lengths, merges);
    }

    internal static int MergeByScanning(Span<int> ids, Span<int> lengths, MergeTable merges)
    {
        // ranks[i] is the rank of the pair (i, i + 1).
        Span<int> ranks = ids.Length <= LongestScannedWord ? stackalloc int[LongestScannedWord] : new int[ids.Length];
        var count = ids.Length;
        for (var i = 0; i + 1 < count; i++) ranks[i] = merges.Rank(ids[i], ids[i + 1]);
        while (true)
        {
            var lowest = MergeTable.None;
            var at = 0;
            for (var i = 0; i < count - 1; i++)
            {
                if (ranks[i] < lowest)
                {
                    lowest = ranks[i];
                    at = i;
                }
            }

            if (lowest == MergeTable.None) return count;
            ids[at] = merges.Merged(lowest);
            if (!lengths.IsEmpty)
            {
                lengths[at] += lengths[at + 1];
                lengths[(at + 2)..count].CopyTo(lengths[(at + 1)..]);
            }

            ids[(at + 2)..count].CopyTo(ids[(at + 1)..]);
            if (at + 2 < count) ranks[(at + 2)..count].CopyTo(ranks[(at + 1)..]);
            count--;
            if (at > 0) ranks[at - 1] = merges.Rank(ids[at - 1], ids[at]);
            if (at + 1 < count) ranks[at] = merges.Rank(ids[at], ids[at + 1]);
        }
    }

    internal static int MergeByHeap(Span<int> ids, Span<int> lengths, MergeTable merges)
    {
        var count = ids.Length;
        var links = ArrayPool<Link>.Shared.Rent(count);
        var heap = new RankHeap(count);
        for (var i = 0; i < count; i++)
        {
            var rank = i + 1 < count ? merges.Rank(ids[i], ids[i + 1]) : MergeTable.None;
            links[i] = new Link { Previous = i - 1, Next = i + 1, Rank = rank };
            if (rank != MergeTable.None) heap.Add(rank, i);
        }

        heap.Order();
        while (heap.TryTake(out var rank, out var at))
        {
            // An entry is out of date when its left symbol is gone or has got another neighbour.
            if (links[at].Rank != rank) continue;
            var right = links[at].Next;
            ids[at] = merges.Merged(rank);
            if (!lengths.IsEmpty) lengths[at] += lengths[right];
            var next = links[right].Next;
            links[at].Next = next;
            links[right].Rank = Link.Gone;
            links[at].Rank = next < count ? merges.Rank(ids[at], ids[next]) : MergeTable.None;
            if (links[at].Rank != MergeTable.None) heap.Push(links[at].Rank, at);
            if (next < count) links[next].Previous = at;
            var previous = links[at].Previous;
            if (previous < 0) continue;
            links[previous].Rank = merges.Rank(ids[previous], ids[at]);
            if (links[previous].Rank != MergeTable.None) heap.Push(links[previous].Rank, previous);
        }

        var kept = 0;
        for (var i = 0; i < count; i = links[i].Next)
        {
            ids[kept] = ids[i];
            if (!lengths.IsEmpty) lengths[kept] = lengths[i];
            kept++;
        }

        ArrayPool<Link>.Shared.Return(links);
        return kept;
    }

    private struct Link
    {
        public const int Gone = -1;
        public int Previous;
        public int Next;
        public int Rank;
    }
}
