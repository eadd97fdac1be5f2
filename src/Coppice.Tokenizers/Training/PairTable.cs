namespace Coppice.Tokenizers.Training;

/// <summary>For each pair of symbols: how often it occurs, and the words that may hold it. Flat tables with open addressing.</summary>
internal sealed class PairTable
{
    private const ulong Empty = ulong.MaxValue;
    private const int None = -1;
    private Entry[] entries = NewEntries(1 << 12);
    private int used;

    // Lists of words: a node is a word and the node before it.
    private (int Word, int Previous)[] nodes = new (int, int)[1 << 12];
    private int nodeCount;

    /// <summary>A pair as one number; numbers are ordered as (left, right).</summary>
    public static ulong Key(int left, int right) => ((ulong)(uint)left << 32) | (uint)right;

    /// <summary>How often a pair occurs.</summary>
    public long Count(ulong pair) => entries[Find(pair)] is { Key: not Empty } entry ? entry.Count : 0;

    /// <summary>A pair that occurs in a word is no longer there.</summary>
    public void Decrease(ulong pair, long count) => entries[Find(pair)].Count -= count;

    /// <summary>A pair occurs in a word. Returns true the first time since <see cref="TakeGrown"/>.</summary>
    public bool Increase(ulong pair, long count, int word)
    {
        var slot = Find(pair);
        if (entries[slot].Key == Empty)
        {
            if (2 * (used + 1) > entries.Length)
            {
                Grow();
                slot = Find(pair);
            }

            entries[slot] = new Entry { Key = pair, LastNode = None };
            used++;
        }

        ref var entry = ref entries[slot];
        entry.Count += count;
        // A word is worked on in one go, so a repetition can only be the last.
        if (entry.LastNode == None || nodes[entry.LastNode].Word != word)
        {
            if (nodeCount == nodes.Length) Array.Resize(ref nodes, 2 * nodes.Length);
            nodes[nodeCount] = (word, entry.LastNode);
            entry.LastNode = nodeCount++;
        }

        var first = !entry.HasGrown;
        entry.HasGrown = true;
        return first;
    }

    /// <summary>How often a pair that has grown occurs now; it may grow again.</summary>
    public long TakeGrown(ulong pair)
    {
        ref var entry = ref entries[Find(pair)];
        entry.HasGrown = false;
        return entry.Count;
    }

    /// <summary>The words that may hold a pair, which loses them.</summary>
    public List<int> TakeWords(ulong pair)
    {
        var words = new List<int>();
        ref var entry = ref entries[Find(pair)];
        for (var node = entry.LastNode; node != None; node = nodes[node].Previous) words.Add(nodes[node].Word);
        entry.LastNode = None;
        return words;
    }

    /// <summary>A pair was merged everywhere.</summary>
    public void Remove(ulong pair) => entries[Find(pair)].Count = 0;

    private static Entry[] NewEntries(int length)
    {
        var entries = new Entry[length];
        for (var i = 0; i < length; i++) entries[i].Key = Empty;
        return entries;
    }

    private int Find(ulong pair)
    {
        var hash = (pair ^ (pair >> 29)) * 0x9E3779B97F4A7C15UL;
        var slot = (int)(hash >> 32) & (entries.Length - 1);
        while (entries[slot].Key != pair && entries[slot].Key != Empty) slot = (slot + 1) & (entries.Length - 1);
        return slot;
    }

    private void Grow()
    {
        var old = entries;
        entries = NewEntries(2 * old.Length);
        foreach (var entry in old)
        {
            if (entry.Key != Empty) entries[Find(entry.Key)] = entry;
        }
    }

    private struct Entry
    {
        public ulong Key;
        public long Count;
        public int LastNode;
        public bool HasGrown;
    }
}
