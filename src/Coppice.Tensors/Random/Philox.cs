using System.Numerics;
using System.Runtime.CompilerServices;
using Coppice.Foundation;

namespace Coppice.Tensors;

/// <summary>
/// Counter-based random numbers (Philox 4x32 with 10 rounds): the n-th number of a stream is a pure function of seed, stream and n, so the
/// same numbers come out whatever the number of threads, the order of the work or the number of interruptions.
/// </summary>
[Technique("philox", Title = "Parallel Random Numbers: As Easy as 1, 2, 3", Paper = "doi:10.1145/2063384.2063405")]
public readonly struct Philox
{
    private const uint Multiplier0 = 0xD2511F53;
    private const uint Multiplier1 = 0xCD9E8D57;
    private const uint Weyl0 = 0x9E3779B9;
    private const uint Weyl1 = 0xBB67AE85;

    private readonly ulong _key;
    private readonly ulong _stream;

    /// <summary>A stream of random numbers.</summary>
    /// <param name="seed">The seed of the run.</param>
    /// <param name="stream">Which of its 2^64 independent streams.</param>
    public Philox(ulong seed, ulong stream)
    {
        _key = seed;
        _stream = stream;
    }

    /// <summary>Four random 32-bit words.</summary>
    /// <param name="index">Which four of the stream.</param>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public (uint X, uint Y, uint Z, uint W) Words(ulong index) =>
        Block((uint)index, (uint)(index >> 32), (uint)_stream, (uint)(_stream >> 32), (uint)_key, (uint)(_key >> 32));

    /// <summary>A number in [0, 1), a multiple of 2^-24.</summary>
    /// <param name="index">Which number of the stream.</param>
    public float Uniform(ulong index) => ToUnit(Word(index));

    /// <summary>A number in [0, 1), a multiple of 2^-53.</summary>
    /// <param name="index">Which number of the stream.</param>
    public double UniformDouble(ulong index)
    {
        var (x, y, _, _) = Words(index);
        return ((((ulong)x << 32) | y) >> 11) * (1.0 / (1UL << 53));
    }

    /// <summary>A normally distributed number with mean 0 and variance 1 (Box and Muller).</summary>
    /// <param name="index">Which number of the stream.</param>
    public float Normal(ulong index)
    {
        var (x, y, _, _) = Words(index);
        // 1 - u lies in (0, 1]: its logarithm is finite.
        var radius = Math.Sqrt(-2 * Math.Log(1 - x * (1.0 / 4294967296.0)));
        return (float)(radius * Math.Cos(2 * Math.PI * (y * (1.0 / 4294967296.0))));
    }

    /// <summary>An integer in [0, <paramref name="bound"/>).</summary>
    /// <param name="index">Which number of the stream.</param>
    /// <param name="bound">One more than the largest.</param>
    public int Integer(ulong index, int bound)
    {
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(bound);
        var (x, y, _, _) = Words(index);
        return (int)Math.BigMul(((ulong)x << 32) | y, (ulong)bound, out _);
    }

    /// <summary>The word with a number: four to a block.</summary>
    /// <param name="index">Which word of the stream.</param>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal uint Word(ulong index)
    {
        var (x, y, z, w) = Words(index >> 2);
        return (index & 3) switch { 0 => x, 1 => y, 2 => z, _ => w };
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal static float ToUnit(uint word) => (word >> 8) * (1f / (1 << 24));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal static (uint X, uint Y, uint Z, uint W) Block(uint c0, uint c1, uint c2, uint c3, uint k0, uint k1)
    {
        for (var round = 0; round < 10; round++)
        {
            var high0 = Math.BigMul(Multiplier0, c0);
            var high1 = Math.BigMul(Multiplier1, c2);
            (c0, c1, c2, c3) = ((uint)(high1 >> 32) ^ c1 ^ k0, (uint)high1, (uint)(high0 >> 32) ^ c3 ^ k1, (uint)high0);
            k0 += Weyl0;
            k1 += Weyl1;
        }

        return (c0, c1, c2, c3);
    }
}
