using System.Numerics;

namespace Coppice.Corpus;

/// <summary>
/// A pseudo-random permutation of 0..count-1 that needs no memory: a Feistel network over the smallest even number of bits that holds count,
/// applied again while the result lies outside (cycle walking; Black and Rogaway, "Ciphers with Arbitrary Finite Domains", 2002).
/// The domain of the network is less than four times count, so a value takes fewer than four passes on average.
/// </summary>
internal readonly struct KeyedPermutation
{
    private const int Rounds = 6;
    private readonly long _count;
    private readonly ulong _key;
    private readonly int _halfBits;

    /// <summary>Makes a permutation.</summary>
    /// <param name="count">The number of values, at least 1.</param>
    /// <param name="key">Which permutation.</param>
    public KeyedPermutation(long count, ulong key)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(count, 1);
        _count = count;
        _key = key;
        _halfBits = (BitOperations.Log2((ulong)(count - 1) | 1) + 2) / 2;
    }

    /// <summary>The value at a place.</summary>
    /// <param name="index">The place, in 0..count-1.</param>
    public long this[long index]
    {
        get
        {
            ArgumentOutOfRangeException.ThrowIfNegative(index);
            ArgumentOutOfRangeException.ThrowIfGreaterThanOrEqual(index, _count);
            var value = (ulong)index;
            do value = Encrypt(value);
            while (value >= (ulong)_count);
            return (long)value;
        }
    }

    private ulong Encrypt(ulong value)
    {
        var mask = (1UL << _halfBits) - 1;
        var left = value >> _halfBits;
        var right = value & mask;
        for (var round = 0UL; round < Rounds; round++)
        {
            (left, right) = (right, left ^ (CounterRandom.Bits(_key, round, right) & mask));
        }

        return (left << _halfBits) | right;
    }
}
