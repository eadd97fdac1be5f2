using Coppice.Tensors;

namespace Coppice.Benchmarks;

/// <summary>A matrix product that was measured.</summary>
/// <param name="M">Rows of the result.</param>
/// <param name="N">Columns of the result.</param>
/// <param name="K">The dimension summed over.</param>
/// <param name="Transposes">N or T for each factor.</param>
/// <param name="Gflops">10^9 floating-point operations per second, median.</param>
public sealed record GemmResult(int M, int N, int K, string Transposes, double Gflops);

/// <summary>Matrix products of the shapes that training uses.</summary>
public static class GemmBenchmark
{
    /// <summary>The cube that speeds are quoted for.</summary>
    public const int Cube = 1024;

    private static readonly (int M, int N, int K, bool TransposeA, bool TransposeB)[] Shapes =
    [
        (Cube, Cube, Cube, false, false), (Cube, Cube, Cube, false, true), (Cube, Cube, Cube, true, false),
        // Forward, gradient of the input and gradient of the weight of a layer of width 256, 2,048 tokens.
        (2048, 1024, 256, false, false), (2048, 256, 1024, false, true), (256, 1024, 2048, true, false), (2048, 8192, 256, false, true),
        // Width 384.
        (2048, 1536, 384, false, false), (2048, 384, 1536, false, true), (384, 1536, 2048, true, false),
        // GPT-2 124M, 256 tokens.
        (256, 3072, 768, false, false), (256, 768, 3072, false, true), (768, 3072, 256, true, false), (256, 50257, 768, false, true), (50257, 768, 256, true, false),
    ];

    /// <summary>Measures all shapes.</summary>
    /// <param name="threads">How many threads compute; 0 for one per processor.</param>
    public static IReadOnlyList<GemmResult> Run(int threads)
    {
        using var backend = Backends.Create(threads);
        return
        [
            .. Shapes.Select(s => new GemmResult(
                s.M, s.N, s.K, (s.TransposeA ? "T" : "N") + (s.TransposeB ? "T" : "N"),
                ProductSpeed.Gflops(backend, s.M, s.N, s.K, s.TransposeA, s.TransposeB, TimeSpan.FromSeconds(0.5)))),
        ];
    }
}
