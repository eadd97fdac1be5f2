namespace Coppice.Tokenizers.Models;

/// <summary>The merges of a BPE model: (left id, right id) to rank, in a flat table with open addressing, and rank to the merged id.</summary>
internal sealed class MergeTable
{
    /// <summary>The rank of a pair that doesn't merge: after every rank.</summary>
    public const int None = int.MaxValue;

    private const ulong Empty = ulong.MaxValue;
    private readonly ulong[] keys;
    private readonly int[] ranks;
    private readonly int[] merged;
    private readonly int shift;

    /// <summary>Builds the table.</summary>
    /// <param name="merges">The merges in order of rank. Where a pair comes twice, the later counts, as in the reference.</param>
    public MergeTable(IReadOnlyList<Merge> merges)
    {
        Count = merges.Count;
        merged = new int[merges.Count];
        var bits = 4;
        while (1L << bits < 2L * merges.Count) bits++;
        shift = 64 - bits;
        keys = new ulong[1 << bits];
        ranks = new int[1 << bits];
        Array.Fill(keys, Empty);
        for (var rank = 0; rank < merges.Count; rank++)
        {
            merged[rank] = merges[rank].Merged;
            var key = Key(merges[rank].Left, merges[rank].Right);
            var slot = Slot(key);
            while (keys[slot] != Empty && keys[slot] != key) slot = (slot + 1) & (keys.Length - 1);
            keys[slot] = key;
            ranks[slot] = rank;
        }
    }

    /// <summary>The number of ranks.</summary>
    public int Count { get; }

    /// <summary>The rank of a pair, or <see cref="None"/>.</summary>
    public int Rank(int left, int right)
    {
        var key = Key(left, right);
        for (var slot = Slot(key); ; slot = (slot + 1) & (keys.Length - 1))
        {
            var found = keys[slot];
            if (found == key) return ranks[slot];
            if (found == Empty) return None;
        }
    }

    /// <summary>The id that a merge of some rank gives.</summary>
    public int Merged(int rank) => merged[rank];

    private static ulong Key(int left, int right) => ((ulong)(uint)left << 32) | (uint)right;

    // Fibonacci hashing; the upper half is folded in because ids are small numbers in both halves.
    private int Slot(ulong key) => (int)(((key ^ (key >> 29)) * 0x9E3779B97F4A7C15UL) >> shift);
}

/// <summary>One merge: two neighbouring tokens become one.</summary>
/// <param name="Left">The id of the left token.</param>
/// <param name="Right">The id of the right token.</param>
/// <param name="Merged">The id of the token that they become.</param>
internal readonly record struct Merge(int Left, int Right, int Merged);
