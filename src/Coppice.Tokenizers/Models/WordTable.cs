using System.Buffers.Binary;
using System.Numerics;

namespace Coppice.Tokenizers.Models;

/// <summary>Words of bytes to ids: a flat table with open addressing over one block of bytes.</summary>
internal sealed class WordTable
{
    private readonly byte[] block;
    private readonly Entry[] entries;

    /// <summary>Builds the table.</summary>
    /// <param name="words">The words, each once, with their ids.</param>
    public WordTable(IEnumerable<(byte[] Bytes, int Id)> words)
    {
        var all = words.ToArray();
        block = new byte[all.Sum(word => word.Bytes.Length)];
        entries = new Entry[BitOperations.RoundUpToPowerOf2((uint)Math.Max(16, 2 * all.Length))];
        var offset = 0;
        foreach (var (bytes, id) in all)
        {
            bytes.CopyTo(block, offset);
            var hash = Hash(bytes);
            var slot = (int)hash & (entries.Length - 1);
            while (entries[slot].Length != 0) slot = (slot + 1) & (entries.Length - 1);
            entries[slot] = new Entry { Hash = hash, Offset = offset, Length = bytes.Length, Id = id };
            offset += bytes.Length;
        }
    }

    /// <summary>The id of a word, or -1. The empty word isn't found.</summary>
    public int Find(ReadOnlySpan<byte> word)
    {
        var hash = Hash(word);
        for (var slot = (int)hash & (entries.Length - 1); ; slot = (slot + 1) & (entries.Length - 1))
        {
            ref readonly var entry = ref entries[slot];
            if (entry.Length == 0) return -1;
            if (entry.Hash == hash && entry.Length == word.Length && word.SequenceEqual(block.AsSpan(entry.Offset, entry.Length))) return entry.Id;
        }
    }

    /// <summary>Mixes a word eight bytes at a time (multiply and fold).</summary>
    public static uint Hash(ReadOnlySpan<byte> word)
    {
        var hash = (ulong)word.Length * 0x9E3779B97F4A7C15UL;
        while (word.Length >= 8)
        {
            hash = Mix(hash ^ BinaryPrimitives.ReadUInt64LittleEndian(word));
            word = word[8..];
        }

        ulong rest = 0;
        for (var i = 0; i < word.Length; i++) rest |= (ulong)word[i] << (8 * i);
        hash = Mix(hash ^ rest);
        return (uint)(hash ^ (hash >> 32));
    }

    private static ulong Mix(ulong value)
    {
        var high = Math.BigMul(value ^ 0xA0761D6478BD642FUL, 0xE7037ED1A0B428DBUL, out var low);
        return high ^ low;
    }

    private struct Entry
    {
        public uint Hash;
        public int Offset;
        public int Length;
        public int Id;
    }
}
