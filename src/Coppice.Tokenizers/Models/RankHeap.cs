namespace Coppice.Tokenizers.Models;

/// <summary>A binary min-heap of (rank, position), ordered by rank and then by position.</summary>
internal sealed class RankHeap
{
    private ulong[] entries;
    private int count;

    public RankHeap(int capacity) => entries = new ulong[Math.Max(16, capacity)];

    /// <summary>Adds an entry without ordering: call <see cref="Order"/> after the last.</summary>
    public void Add(int rank, int position)
    {
        if (count == entries.Length) Array.Resize(ref entries, 2 * count);
        entries[count++] = ((ulong)(uint)rank << 32) | (uint)position;
    }

    /// <summary>Puts the entries in heap order.</summary>
    public void Order()
    {
        for (var i = count / 2 - 1; i >= 0; i--) SiftDown(i);
    }

    public void Push(int rank, int position)
    {
        Add(rank, position);
        var i = count - 1;
        var entry = entries[i];
        while (i > 0 && entries[(i - 1) / 2] > entry)
        {
            entries[i] = entries[(i - 1) / 2];
            i = (i - 1) / 2;
        }

        entries[i] = entry;
    }

    public bool TryTake(out int rank, out int position)
    {
        if (count == 0)
        {
            rank = position = 0;
            return false;
        }

        var entry = entries[0];
        rank = (int)(entry >> 32);
        position = (int)entry;
        entries[0] = entries[--count];
        SiftDown(0);
        return true;
    }

    private void SiftDown(int i)
    {
        var entry = entries[i];
        while (2 * i + 1 < count)
        {
            var child = 2 * i + 1;
            if (child + 1 < count && entries[child + 1] < entries[child]) child++;
            if (entries[child] >= entry) break;
            entries[i] = entries[child];
            i = child;
        }

        entries[i] = entry;
    }
}
