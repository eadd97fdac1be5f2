using System.Diagnostics;
using System.Runtime.InteropServices;
using Coppice.Benchmarks;

namespace Coppice.OpenBlasComparison;

/// <summary>Products by OpenBLAS (Debian: libopenblas0-pthread), measured as <see cref="Tensors.ProductSpeed"/> measures ours.</summary>
internal static class OpenBlas
{
    private const string Library = "libopenblas.so.0";
    private const int RowMajor = 101, AsItIs = 111, Transposed = 112;

    /// <summary>The processor whose kernels it chose. A version older than the processor may choose those of a much older one.</summary>
    public static string Kernels => Marshal.PtrToStringUTF8(CoreName())!;

    public static double Gflops(GemmShape shape, int threads, TimeSpan duration)
    {
        SetThreads(threads);
        var (m, n, k) = (shape.M, shape.N, shape.K);
        var (a, b, c) = (Fill(m * k), Fill(k * n), new float[m * n]);
        var seconds = new List<double>();
        var clock = Stopwatch.StartNew();
        for (var i = 0; i < 5 || clock.Elapsed < duration; i++)
        {
            var start = clock.Elapsed;
            Multiply(
                RowMajor, shape.TransposeA ? Transposed : AsItIs, shape.TransposeB ? Transposed : AsItIs, m, n, k,
                1, a, shape.TransposeA ? m : k, b, shape.TransposeB ? k : n, 0, c, n);
            if (i >= 3) seconds.Add((clock.Elapsed - start).TotalSeconds);
        }

        seconds.Sort();
        return 2.0 * m * n * k / seconds[seconds.Count / 2] / 1e9;
    }

    private static float[] Fill(int count)
    {
        var values = new float[count];
        for (var i = 0; i < count; i++) values[i] = 1f / (1 + i % 13);
        return values;
    }

    [DllImport(Library, EntryPoint = "openblas_get_corename")]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static extern nint CoreName();

    [DllImport(Library, EntryPoint = "openblas_set_num_threads")]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static extern void SetThreads(int threads);

    [DllImport(Library, EntryPoint = "cblas_sgemm")]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static extern void Multiply(
        int layout, int transposeA, int transposeB, int m, int n, int k, float alpha, float[] a, int lda, float[] b, int ldb, float beta, float[] c, int ldc);
}
