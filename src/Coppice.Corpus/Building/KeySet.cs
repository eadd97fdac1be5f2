using System.Numerics;

namespace Coppice.Corpus.Building;

/// <summary>A set of keys that is asked for very many others: a table of bits that fits into the caches answers for nearly all of them.</summary>
internal sealed class KeySet
{
    /// <summary>About how many bytes of memory a key takes.</summary>
    public const int BytesPerKey = 40;

    private const int BitsPerKey = 16, BitsPerWord = 64;

    private readonly HashSet<ulong> _keys;
    private readonly ulong[] _bits;
    private readonly int _shift;

    /// <summary>Makes the set.</summary>
    /// <param name="keys">The keys: good hashes.</param>
    public KeySet(IReadOnlyCollection<ulong> keys)
    {
        _keys = keys.ToHashSet();
        _bits = new ulong[BitOperations.RoundUpToPowerOf2((uint)Math.Clamp((long)keys.Count * BitsPerKey / BitsPerWord, 2, 1 << 30))];
        _shift = 64 - BitOperations.Log2((uint)_bits.Length);
        foreach (var key in _keys) _bits[key >> _shift] |= BitOf(key);
    }

    /// <summary>Whether one of some keys is in the set.</summary>
    /// <param name="keys">The keys.</param>
    public bool HasAny(ReadOnlySpan<ulong> keys)
    {
        foreach (var key in keys)
        {
            if ((_bits[key >> _shift] & BitOf(key)) != 0 && _keys.Contains(key)) return true;
        }

        return false;
    }

    private static ulong BitOf(ulong key) => 1UL << (int)(key & (BitsPerWord - 1));
}
