using System.Numerics;
using System.Runtime.CompilerServices;

namespace Coppice.Corpus.Building;

/// <summary>A set of keys that is asked for very many others: a table of bits that fits into the caches answers for nearly all of them.</summary>
internal sealed class KeySet
{
    /// <summary>The most bytes of memory that a key takes, with those of a list that it comes from.</summary>
    public const int BytesPerKey = 56;

    private const int BitsPerWord = 64, KeysPerWord = 4;

    // 0 stands for none: of a key that is 0 it may be said that it is there where it is not.
    private readonly ulong[] _keys, _bits;
    private readonly int _shift;

    /// <summary>Makes the set.</summary>
    /// <param name="keys">The keys: good hashes.</param>
    public KeySet(ReadOnlySpan<ulong> keys)
    {
        _keys = new ulong[BitOperations.RoundUpToPowerOf2((uint)Math.Max(2 * KeysPerWord, 2L * keys.Length))];
        _bits = new ulong[_keys.Length / KeysPerWord];
        _shift = BitOperations.LeadingZeroCount((ulong)_keys.Length - 1);
        Add(keys);
    }

    /// <summary>Whether one of some keys is in the set.</summary>
    /// <param name="keys">The keys.</param>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public bool HasAny(ReadOnlySpan<ulong> keys)
    {
        foreach (var key in keys)
        {
            if ((_bits[(key >> _shift) / KeysPerWord] & BitOf(key)) != 0 && _keys[PlaceOf(key)] == key) return true;
        }

        return false;
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private void Add(ReadOnlySpan<ulong> keys)
    {
        foreach (var key in keys)
        {
            _bits[(key >> _shift) / KeysPerWord] |= BitOf(key);
            _keys[PlaceOf(key)] = key;
        }
    }

    // Where the key is, or where it would go.
    private int PlaceOf(ulong key)
    {
        var place = (int)(key >> _shift);
        while (_keys[place] != 0 && _keys[place] != key) place = (place + 1) & (_keys.Length - 1);
        return place;
    }

    private static ulong BitOf(ulong key) => 1UL << (int)(key & (BitsPerWord - 1));
}
