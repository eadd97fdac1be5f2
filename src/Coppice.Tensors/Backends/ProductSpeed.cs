using System.Diagnostics;

namespace Coppice.Tensors;

/// <summary>Measures matrix products: the speed that everything else is judged by.</summary>
public static unsafe class ProductSpeed
{
    /// <summary>The median speed of a product, in 10^9 floating-point operations (a multiplication or an addition) per second.</summary>
    /// <param name="backend">Computes.</param>
    /// <param name="m">Rows of the result.</param>
    /// <param name="n">Columns of the result.</param>
    /// <param name="k">The dimension that is summed over.</param>
    /// <param name="transposeA">Whether A lies in memory as [k, m].</param>
    /// <param name="transposeB">Whether B lies in memory as [n, k].</param>
    /// <param name="duration">How long to measure.</param>
    public static double Gflops(Backend backend, int m, int n, int k, bool transposeA, bool transposeB, TimeSpan duration)
    {
        using var a = Fill(backend, (long)m * k);
        using var b = Fill(backend, (long)k * n);
        using var c = new FlatBuffer(backend, (long)m * n);
        var product = new MatrixProduct
        {
            M = m, N = n, K = k,
            A = a.Data, StrideA = transposeA ? m : k, TransposeA = transposeA,
            B = b.Data, StrideB = transposeB ? k : n, TransposeB = transposeB,
            C = c.Data, StrideC = n,
        };
        var seconds = new List<double>();
        var clock = Stopwatch.StartNew();
        // The first products meet code that is not yet optimised and memory that is not yet there.
        for (var i = 0; i < 5 || clock.Elapsed < duration; i++)
        {
            var start = clock.Elapsed;
            backend.Multiply(product);
            if (i >= 3) seconds.Add((clock.Elapsed - start).TotalSeconds);
        }

        seconds.Sort();
        return 2.0 * m * n * k / seconds[seconds.Count / 2] / 1e9;
    }

    private static FlatBuffer Fill(Backend backend, long count)
    {
        var buffer = new FlatBuffer(backend, count);
        var values = new float[4096];
        for (var i = 0; i < values.Length; i++) values[i] = 1f / (1 + i % 13);
        for (var start = 0L; start < count; start += values.Length) buffer.CopyFrom(values.AsSpan(0, (int)Math.Min(values.Length, count - start)), start);
        return buffer;
    }
}
