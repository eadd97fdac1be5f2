using System.Numerics;

namespace Coppice.Corpus.Quality;

/// <summary>Counts hashes: open addressing with linear probing, memory kept for the next document. The hash stands for the key: two keys in one hash are counted as one.</summary>
internal sealed class HashCounter
{
    private const int KeptSlots = 1 << 20;
    private ulong[] _keys = [];

    // The count and the first place of each key, in one: a slot costs one more cache line and not two.
    private (int Count, int First)[] _values = [];
    private int _shift;
    private int _mask;

    /// <summary>Forgets everything and makes room.</summary>
    /// <param name="distinct">The largest number of different keys that will come.</param>
    public void Clear(int distinct)
    {
        var slots = (int)Math.Min(1 << 30, BitOperations.RoundUpToPowerOf2((uint)Math.Max(8, distinct) * 2));
        if (_keys.Length < slots || (_keys.Length > KeptSlots && slots <= KeptSlots / 4))
        {
            _keys = new ulong[slots];
            _values = new (int, int)[slots];
        }
        else _keys.AsSpan(0, slots).Clear();

        _mask = slots - 1;
        _shift = 64 - BitOperations.Log2((uint)slots);
    }

    /// <summary>Counts one more of a key.</summary>
    /// <param name="hash">The key.</param>
    /// <param name="index">Where it is; the first place is remembered.</param>
    /// <param name="first">Where it was first.</param>
    /// <returns>How many there are now.</returns>
    public int Add(ulong hash, int index, out int first)
    {
        var slot = Slot(ref hash);
        ref var value = ref _values[slot];
        if (_keys[slot] == 0)
        {
            _keys[slot] = hash;
            value = (0, index);
        }

        first = value.First;
        return ++value.Count;
    }

    /// <summary>Remembers a key.</summary>
    /// <returns>Whether it is new.</returns>
    public bool AddNew(ulong hash)
    {
        var slot = Slot(ref hash);
        if (_keys[slot] != 0) return false;
        _keys[slot] = hash;
        return true;
    }

    private int Slot(ref ulong hash)
    {
        // 0 marks a free slot; the multiplication spreads hashes whose high bits are alike.
        if (hash == 0) hash = 1;
        var slot = (int)((hash * 0x9E3779B97F4A7C15) >> _shift);
        while (_keys[slot] != 0 && _keys[slot] != hash) slot = (slot + 1) & _mask;
        return slot;
    }
}
