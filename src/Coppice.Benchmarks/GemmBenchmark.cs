using Coppice.Tensors;

namespace Coppice.Benchmarks;

/// <summary>A matrix product that was measured.</summary>
/// <param name="M">Rows of the result.</param>
/// <param name="N">Columns of the result.</param>
/// <param name="K">The dimension summed over.</param>
/// <param name="Transposes">N or T for each factor.</param>
/// <param name="Gflops">10^9 floating-point operations per second, median.</param>
public sealed record GemmResult(int M, int N, int K, string Transposes, double Gflops);

/// <summary>The shape of a matrix product.</summary>
/// <param name="M">Rows of the result.</param>
/// <param name="N">Columns of the result.</param>
/// <param name="K">The dimension summed over.</param>
/// <param name="TransposeA">Whether A lies in memory as [K, M].</param>
/// <param name="TransposeB">Whether B lies in memory as [N, K].</param>
public sealed record GemmShape(int M, int N, int K, bool TransposeA, bool TransposeB)
{
    /// <summary>N or T for each factor.</summary>
    public string Transposes => (TransposeA ? "T" : "N") + (TransposeB ? "T" : "N");
}

/// <summary>Matrix products of the shapes that training uses.</summary>
public static class GemmBenchmark
{
    /// <summary>The cube that speeds are quoted for.</summary>
    public const int Cube = 1024;

    /// <summary>The shapes.</summary>
    public static IReadOnlyList<GemmShape> Shapes { get; } =
    [
        new(Cube, Cube, Cube, false, false), new(Cube, Cube, Cube, false, true), new(Cube, Cube, Cube, true, false),
        // Forward, gradient of the input and gradient of the weight of a layer of width 256, 2,048 tokens.
        new(2048, 1024, 256, false, false), new(2048, 256, 1024, false, true), new(256, 1024, 2048, true, false), new(2048, 8192, 256, false, true),
        // Width 384.
        new(2048, 1536, 384, false, false), new(2048, 384, 1536, false, true), new(384, 1536, 2048, true, false),
        // GPT-2 124M, 256 tokens.
        new(256, 3072, 768, false, false), new(256, 768, 3072, false, true), new(768, 3072, 256, true, false), new(256, 50257, 768, false, true), new(50257, 768, 256, true, false),
    ];

    /// <summary>Measures all shapes.</summary>
    /// <param name="threads">How many threads compute; 0 for one per processor.</param>
    public static IReadOnlyList<GemmResult> Run(int threads)
    {
        using var backend = Backends.Create(threads);
        return
        [
            .. Shapes.Select(s => new GemmResult(
                s.M, s.N, s.K, s.Transposes, ProductSpeed.Gflops(backend, s.M, s.N, s.K, s.TransposeA, s.TransposeB, TimeSpan.FromSeconds(0.5)))),
        ];
    }
}
