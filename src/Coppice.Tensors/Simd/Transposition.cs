using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;

namespace Coppice.Tensors;

/// <summary>Transposes small square blocks in registers: what packing a matrix for the product kernel is made of.</summary>
internal static unsafe class Transposition
{
    /// <summary>destination[j * destinationStride + i] = source[i * sourceStride + j] for a block of 4x4.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Block4(float* source, int sourceStride, float* destination, int destinationStride)
    {
        var r0 = Vector128.Load(source);
        var r1 = Vector128.Load(source + sourceStride);
        var r2 = Vector128.Load(source + 2 * sourceStride);
        var r3 = Vector128.Load(source + 3 * sourceStride);
        var even = Vector128.Create(0, 2, 1, 3);
        // Rows as pairs of 64 bits: (a0 a1 | b0 b1) becomes (a0 b0 a1 b1), and two of those make two columns.
        var ab01 = Vector128.Shuffle(Vector128.Create(r0.GetLower(), r1.GetLower()), even);
        var cd01 = Vector128.Shuffle(Vector128.Create(r2.GetLower(), r3.GetLower()), even);
        var ab23 = Vector128.Shuffle(Vector128.Create(r0.GetUpper(), r1.GetUpper()), even);
        var cd23 = Vector128.Shuffle(Vector128.Create(r2.GetUpper(), r3.GetUpper()), even);
        Vector128.Create(ab01.GetLower(), cd01.GetLower()).Store(destination);
        Vector128.Create(ab01.GetUpper(), cd01.GetUpper()).Store(destination + destinationStride);
        Vector128.Create(ab23.GetLower(), cd23.GetLower()).Store(destination + 2 * destinationStride);
        Vector128.Create(ab23.GetUpper(), cd23.GetUpper()).Store(destination + 3 * destinationStride);
    }

    /// <summary>destination[j * destinationStride + i] = source[i * sourceStride + j] for a block of 8x8. Needs AVX.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Block8(float* source, int sourceStride, float* destination, int destinationStride)
    {
        var r0 = Vector256.Load(source);
        var r1 = Vector256.Load(source + sourceStride);
        var r2 = Vector256.Load(source + 2 * sourceStride);
        var r3 = Vector256.Load(source + 3 * sourceStride);
        var r4 = Vector256.Load(source + 4 * sourceStride);
        var r5 = Vector256.Load(source + 5 * sourceStride);
        var r6 = Vector256.Load(source + 6 * sourceStride);
        var r7 = Vector256.Load(source + 7 * sourceStride);
        var a0 = Avx.UnpackLow(r0, r1);
        var a1 = Avx.UnpackHigh(r0, r1);
        var a2 = Avx.UnpackLow(r2, r3);
        var a3 = Avx.UnpackHigh(r2, r3);
        var a4 = Avx.UnpackLow(r4, r5);
        var a5 = Avx.UnpackHigh(r4, r5);
        var a6 = Avx.UnpackLow(r6, r7);
        var a7 = Avx.UnpackHigh(r6, r7);
        var b0 = Avx.Shuffle(a0, a2, 0x44);
        var b1 = Avx.Shuffle(a0, a2, 0xEE);
        var b2 = Avx.Shuffle(a1, a3, 0x44);
        var b3 = Avx.Shuffle(a1, a3, 0xEE);
        var b4 = Avx.Shuffle(a4, a6, 0x44);
        var b5 = Avx.Shuffle(a4, a6, 0xEE);
        var b6 = Avx.Shuffle(a5, a7, 0x44);
        var b7 = Avx.Shuffle(a5, a7, 0xEE);
        Avx.Permute2x128(b0, b4, 0x20).Store(destination);
        Avx.Permute2x128(b1, b5, 0x20).Store(destination + destinationStride);
        Avx.Permute2x128(b2, b6, 0x20).Store(destination + 2 * destinationStride);
        Avx.Permute2x128(b3, b7, 0x20).Store(destination + 3 * destinationStride);
        Avx.Permute2x128(b0, b4, 0x31).Store(destination + 4 * destinationStride);
        Avx.Permute2x128(b1, b5, 0x31).Store(destination + 5 * destinationStride);
        Avx.Permute2x128(b2, b6, 0x31).Store(destination + 6 * destinationStride);
        Avx.Permute2x128(b3, b7, 0x31).Store(destination + 7 * destinationStride);
    }
}
