using System.Numerics;

namespace Coppice.Corpus.Deduplication;

/// <summary>
/// MinHash signatures (Broder 1997): of each of many hash functions the smallest value over a text's shingles. Two texts agree in each place with a probability equal to
/// the Jaccard similarity of their sets of shingles.
/// </summary>
/// <remarks>
/// The functions are multiply-shift, h(x) = (a·x + b) mod 2⁶⁴ / 2³², over 32-bit hashes of the shingles: strongly universal (Dietzfelbinger 1996,
/// doi:10.1007/3-540-60922-9_46), and a few SIMD instructions for eight of them, where a·x + b mod a prime needs a division. Used by one thread at a time.
/// </remarks>
internal sealed class MinHasher
{
    private const int Chunk = 1024;

    private readonly Shingling _shingling;
    private readonly ulong[] _factors;
    private readonly ulong[] _addends;
    private readonly ulong[] _minima;
    private readonly uint[] _shingles = new uint[Chunk];

    /// <summary>Draws the hash functions.</summary>
    /// <param name="shingling">What a shingle is.</param>
    /// <param name="hashes">How many functions.</param>
    /// <param name="seed">Which ones.</param>
    public MinHasher(Shingling shingling, int hashes, ulong seed)
    {
        _shingling = shingling;
        Hashes = hashes;
        var padded = (hashes + MinHashKernel.Multiple - 1) / MinHashKernel.Multiple * MinHashKernel.Multiple;
        _factors = new ulong[padded];
        _addends = new ulong[padded];
        _minima = new ulong[padded];
        for (var i = 0; i < padded; i++)
        {
            _factors[i] = CounterRandom.Bits(seed, 0, (ulong)i);
            _addends[i] = CounterRandom.Bits(seed, 1, (ulong)i);
        }
    }

    /// <summary>How many functions there are: the length of a signature.</summary>
    public int Hashes { get; }

    /// <summary>Computes the signature of a text.</summary>
    /// <param name="text">The text.</param>
    /// <param name="signature">Takes it; <see cref="Hashes"/> numbers.</param>
    /// <returns>False where the text has no shingles, and so no signature.</returns>
    public bool Sign(ReadOnlySpan<char> text, Span<uint> signature)
    {
        _minima.AsSpan().Fill(ulong.MaxValue);
        var reader = new ShingleReader(text, _shingling);
        var (count, any) = (0, false);
        while (reader.Next(out var shingle))
        {
            any = true;
            _shingles[count++] = (uint)(shingle >> 32);
            if (count < Chunk) continue;
            MinHashKernel.Update(_shingles, _factors, _addends, _minima);
            count = 0;
        }

        MinHashKernel.Update(_shingles.AsSpan(0, count), _factors, _addends, _minima);
        for (var i = 0; i < Hashes; i++) signature[i] = (uint)(_minima[i] >> 32);
        return any;
    }

    /// <summary>The share of places in which two signatures agree: an estimate of the Jaccard similarity with a standard error of √(s(1 - s) / length).</summary>
    /// <param name="first">A signature.</param>
    /// <param name="second">Another.</param>
    public static double Similarity(ReadOnlySpan<uint> first, ReadOnlySpan<uint> second)
    {
        var equal = 0;
        var i = 0;
        for (; i + Vector<uint>.Count <= first.Length; i += Vector<uint>.Count)
        {
            equal -= Vector.Sum(Vector.AsVectorInt32(Vector.Equals(new Vector<uint>(first[i..]), new Vector<uint>(second[i..]))));
        }

        for (; i < first.Length; i++) equal += first[i] == second[i] ? 1 : 0;
        return (double)equal / first.Length;
    }
}
