using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;
using Coppice.Foundation;

namespace Coppice.Tensors;

/// <summary>The instruction sets that kernels exist for.</summary>
public enum KernelLevel
{
    /// <summary>The slow, obvious reference in double precision, on one thread.</summary>
    Scalar,

    /// <summary>128-bit vectors: SSE4 on x64, AdvSimd on Arm.</summary>
    Vector128,

    /// <summary>256-bit vectors: AVX2 with FMA.</summary>
    Avx2,

    /// <summary>512-bit vectors: AVX-512.</summary>
    Avx512,
}

/// <summary>Makes the backend for this machine.</summary>
public static class Backends
{
    /// <summary>The environment variable that forces a kernel level.</summary>
    public const string Variable = "COPPICE_KERNEL";

    /// <summary>The levels that this machine can run, the fastest last.</summary>
    public static IReadOnlyList<KernelLevel> Supported { get; } = FindSupported();

    /// <summary>The level in use: the one that <c>COPPICE_KERNEL</c> names, or else the fastest.</summary>
    /// <exception cref="CoppiceException">The variable names no level, or one that this machine lacks.</exception>
    public static KernelLevel Level
    {
        get
        {
            var name = Environment.GetEnvironmentVariable(Variable);
            if (string.IsNullOrEmpty(name)) return Supported[^1];
            var known = string.Join(", ", Enum.GetNames<KernelLevel>()).ToLowerInvariant();
            if (!Enum.TryParse<KernelLevel>(name, ignoreCase: true, out var level) || !Enum.IsDefined(level))
                throw CoppiceException.Usage($"{Variable}={name}: there is no such kernel level; levels are {known}");
            return Supported.Contains(level)
                ? level
                : throw CoppiceException.Usage($"{Variable}={name}: this processor can't run it; it can run {string.Join(", ", Supported).ToLowerInvariant()}");
        }
    }

    /// <summary>Makes a backend on the processor.</summary>
    /// <param name="threads">How many threads share the work; 0 for one per processor.</param>
    /// <param name="level">The kernel level; null for <see cref="Level"/>.</param>
    public static Backend Create(int threads = 0, KernelLevel? level = null)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(threads);
        if (threads == 0) threads = Environment.ProcessorCount;
        return (level ?? Level) switch
        {
            KernelLevel.Avx512 => new CpuBackend<Simd512, Vector512<float>>(threads, "avx512"),
            KernelLevel.Avx2 => new CpuBackend<Simd256, Vector256<float>>(threads, "avx2"),
            KernelLevel.Vector128 => new CpuBackend<Simd128, Vector128<float>>(threads, "vector128"),
            _ => new ReferenceBackend(),
        };
    }

    private static List<KernelLevel> FindSupported()
    {
        var levels = new List<KernelLevel> { KernelLevel.Scalar };
        if (Vector128.IsHardwareAccelerated) levels.Add(KernelLevel.Vector128);
        if (Avx2.IsSupported && Fma.IsSupported) levels.Add(KernelLevel.Avx2);
        if (Vector512.IsHardwareAccelerated && Avx512F.IsSupported) levels.Add(KernelLevel.Avx512);
        return levels;
    }
}
