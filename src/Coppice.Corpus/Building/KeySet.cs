using System.Numerics;
using System.Runtime.CompilerServices;

namespace Coppice.Corpus.Building;

/// <summary>
/// A set of keys that is asked for very many others: a table of bits that fits into the caches answers for nearly all of them. Of a key it holds half, beside the place where that is:
/// of another it may say, once in some thousands of millions, that it is there.
/// </summary>
internal sealed class KeySet
{
    /// <summary>The most bytes of memory that a key takes, with those of a list that it comes from.</summary>
    public const int BytesPerKey = 40;

    private const int BitsPerWord = 64, PlacesPerWord = 8;

    private readonly uint[] _halves;
    private readonly ulong[] _bits;
    private readonly int _shift;

    /// <summary>Makes the set.</summary>
    /// <param name="keys">The keys: good hashes.</param>
    public KeySet(ReadOnlySpan<ulong> keys)
    {
        _halves = new uint[BitOperations.RoundUpToPowerOf2((uint)Math.Max(2 * PlacesPerWord, 2L * keys.Length))];
        _bits = new ulong[_halves.Length / PlacesPerWord];
        _shift = BitOperations.LeadingZeroCount((ulong)_halves.Length - 1);
        Add(keys);
    }

    /// <summary>Whether one of some keys is in the set.</summary>
    /// <param name="keys">The keys.</param>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public bool HasAny(ReadOnlySpan<ulong> keys)
    {
        foreach (var key in keys)
        {
            if ((_bits[(key >> _shift) / PlacesPerWord] & BitOf(key)) != 0 && _halves[PlaceOf(key)] != 0) return true;
        }

        return false;
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private void Add(ReadOnlySpan<ulong> keys)
    {
        foreach (var key in keys)
        {
            _bits[(key >> _shift) / PlacesPerWord] |= BitOf(key);
            _halves[PlaceOf(key)] = HalfOf(key);
        }
    }

    // Where the key is, or where it would go.
    private int PlaceOf(ulong key)
    {
        var place = (int)(key >> _shift);
        while (_halves[place] != 0 && _halves[place] != HalfOf(key)) place = (place + 1) & (_halves.Length - 1);
        return place;
    }

    // 0 stands for none.
    private static uint HalfOf(ulong key) => (uint)key | 1;

    private static ulong BitOf(ulong key) => 1UL << (int)(key & (BitsPerWord - 1));
}
