using System.Runtime.Intrinsics;

namespace Coppice.Corpus.Deduplication;

/// <summary>The inner loop of MinHash: min over x of a·x + b mod 2⁶⁴, for many (a, b) at once. Every width gives the same numbers.</summary>
internal static class MinHashKernel
{
    /// <summary>The number of functions must be a multiple of this.</summary>
    public const int Multiple = 16;

    /// <summary>Lowers the minima by the values of the functions at some shingles, with the widest vectors that the processor has.</summary>
    /// <param name="shingles">The shingles' hashes.</param>
    /// <param name="factors">The a of each function.</param>
    /// <param name="addends">The b of each.</param>
    /// <param name="minima">The smallest value of each so far.</param>
    public static void Update(ReadOnlySpan<uint> shingles, ulong[] factors, ulong[] addends, ulong[] minima)
    {
        if (Vector512.IsHardwareAccelerated) Update512(shingles, factors, addends, minima);
        else if (Vector256.IsHardwareAccelerated) Update256(shingles, factors, addends, minima);
        else if (Vector128.IsHardwareAccelerated) Update128(shingles, factors, addends, minima);
        else UpdateScalar(shingles, factors, addends, minima);
    }

    internal static void Update512(ReadOnlySpan<uint> shingles, ulong[] factors, ulong[] addends, ulong[] minima)
    {
        for (var f = 0; f < minima.Length; f += 16)
        {
            var (a0, a1) = (Vector512.LoadUnsafe(ref factors[f]), Vector512.LoadUnsafe(ref factors[f + 8]));
            var (b0, b1) = (Vector512.LoadUnsafe(ref addends[f]), Vector512.LoadUnsafe(ref addends[f + 8]));
            var (m0, m1) = (Vector512.LoadUnsafe(ref minima[f]), Vector512.LoadUnsafe(ref minima[f + 8]));
            foreach (var shingle in shingles)
            {
                var x = Vector512.Create((ulong)shingle);
                m0 = Vector512.Min(m0, (a0 * x) + b0);
                m1 = Vector512.Min(m1, (a1 * x) + b1);
            }

            m0.StoreUnsafe(ref minima[f]);
            m1.StoreUnsafe(ref minima[f + 8]);
        }
    }

    internal static void Update256(ReadOnlySpan<uint> shingles, ulong[] factors, ulong[] addends, ulong[] minima)
    {
        for (var f = 0; f < minima.Length; f += 8)
        {
            var (a0, a1) = (Vector256.LoadUnsafe(ref factors[f]), Vector256.LoadUnsafe(ref factors[f + 4]));
            var (b0, b1) = (Vector256.LoadUnsafe(ref addends[f]), Vector256.LoadUnsafe(ref addends[f + 4]));
            var (m0, m1) = (Vector256.LoadUnsafe(ref minima[f]), Vector256.LoadUnsafe(ref minima[f + 4]));
            foreach (var shingle in shingles)
            {
                var x = Vector256.Create((ulong)shingle);
                m0 = Vector256.Min(m0, (a0 * x) + b0);
                m1 = Vector256.Min(m1, (a1 * x) + b1);
            }

            m0.StoreUnsafe(ref minima[f]);
            m1.StoreUnsafe(ref minima[f + 4]);
        }
    }

    internal static void Update128(ReadOnlySpan<uint> shingles, ulong[] factors, ulong[] addends, ulong[] minima)
    {
        for (var f = 0; f < minima.Length; f += 4)
        {
            var (a0, a1) = (Vector128.LoadUnsafe(ref factors[f]), Vector128.LoadUnsafe(ref factors[f + 2]));
            var (b0, b1) = (Vector128.LoadUnsafe(ref addends[f]), Vector128.LoadUnsafe(ref addends[f + 2]));
            var (m0, m1) = (Vector128.LoadUnsafe(ref minima[f]), Vector128.LoadUnsafe(ref minima[f + 2]));
            foreach (var shingle in shingles)
            {
                var x = Vector128.Create((ulong)shingle);
                m0 = Vector128.Min(m0, (a0 * x) + b0);
                m1 = Vector128.Min(m1, (a1 * x) + b1);
            }

            m0.StoreUnsafe(ref minima[f]);
            m1.StoreUnsafe(ref minima[f + 2]);
        }
    }

    internal static void UpdateScalar(ReadOnlySpan<uint> shingles, ulong[] factors, ulong[] addends, ulong[] minima)
    {
        for (var f = 0; f < minima.Length; f++)
        {
            foreach (var shingle in shingles) minima[f] = Math.Min(minima[f], (factors[f] * shingle) + addends[f]);
        }
    }
}
