using System.Numerics;
using System.Runtime.InteropServices;
using Coppice.Tokenizers.Models;

namespace Coppice.Tokenizers.Training;

/// <summary>Counts words of UTF-8 bytes: a flat hash table over one growing list of bytes.</summary>
internal sealed class WordCounts
{
    private const int Empty = -1;
    private readonly List<byte> block = [];
    private readonly List<Entry> entries = [];
    private int[] slots;

    public WordCounts()
    {
        slots = new int[1024];
        Array.Fill(slots, Empty);
    }

    /// <summary>The number of distinct words.</summary>
    public int Count => entries.Count;

    /// <summary>The bytes of all distinct words.</summary>
    public int ByteCount => block.Count;

    /// <summary>How often a word was counted.</summary>
    public long CountOf(int index) => entries[index].Count;

    /// <summary>A word.</summary>
    public ReadOnlySpan<byte> Word(int index) => CollectionsMarshal.AsSpan(block).Slice(entries[index].Offset, entries[index].Length);

    /// <summary>Counts a word.</summary>
    public void Add(ReadOnlySpan<byte> word, long count)
    {
        var hash = WordTable.Hash(word);
        var slot = (int)hash & (slots.Length - 1);
        var all = CollectionsMarshal.AsSpan(entries);
        var bytes = CollectionsMarshal.AsSpan(block);
        for (; slots[slot] != Empty; slot = (slot + 1) & (slots.Length - 1))
        {
            ref var entry = ref all[slots[slot]];
            if (entry.Hash != hash || entry.Length != word.Length || !word.SequenceEqual(bytes.Slice(entry.Offset, entry.Length))) continue;
            entry.Count += count;
            return;
        }

        slots[slot] = entries.Count;
        entries.Add(new Entry { Hash = hash, Offset = block.Count, Length = word.Length, Count = count });
        block.AddRange(word);
        if (2 * entries.Count > slots.Length) Grow();
    }

    /// <summary>Adds all counts of another table.</summary>
    public void Add(WordCounts other)
    {
        for (var i = 0; i < other.Count; i++) Add(other.Word(i), other.CountOf(i));
    }

    /// <summary>Forgets the rarest words until at most so many bytes are left. Words that occur equally often stay or go together.</summary>
    public WordCounts WithoutRarest(int mostBytes)
    {
        var threshold = 0L;
        var left = ByteCount;
        foreach (var group in entries.GroupBy(entry => entry.Count).Select(group => (Count: group.Key, Bytes: group.Sum(entry => entry.Length))).OrderBy(group => group.Count))
        {
            if (left <= mostBytes) break;
            left -= group.Bytes;
            threshold = group.Count;
        }

        var kept = new WordCounts();
        for (var i = 0; i < Count; i++)
        {
            if (CountOf(i) > threshold) kept.Add(Word(i), CountOf(i));
        }

        return kept;
    }

    private void Grow()
    {
        slots = new int[BitOperations.RoundUpToPowerOf2((uint)(4 * entries.Count))];
        Array.Fill(slots, Empty);
        for (var i = 0; i < entries.Count; i++)
        {
            var slot = (int)entries[i].Hash & (slots.Length - 1);
            while (slots[slot] != Empty) slot = (slot + 1) & (slots.Length - 1);
            slots[slot] = i;
        }
    }

    private struct Entry
    {
        public uint Hash;
        public int Offset;
        public int Length;
        public long Count;
    }
}
