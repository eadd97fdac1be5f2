using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;

namespace Coppice.Tensors;

/// <summary>8 integers: AVX2, products of 16-bit numbers.</summary>
internal readonly unsafe struct IntegerSimd256 : IIntegerSimd<Vector256<int>>
{
    public static bool IsSupported => Avx2.IsSupported;

    public static int Width => 8;

    public static int QuadBytes => 8;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector256<int> Create(int value) => Vector256.Create(value);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector256<int> Load(byte* source) => Vector256.Load((int*)source);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector256<int> And(Vector256<int> a, Vector256<int> b) => a & b;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector256<int> ShiftRight4(Vector256<int> a) => a >>> 4;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector256<int> Even(Vector256<int> levels) => levels & Vector256.Create(0x00FF00FF);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector256<int> Odd(Vector256<int> levels) => (levels.AsUInt16() >>> 8).AsInt32();

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector256<int> AddProducts(Vector256<int> sum, Vector256<int> even, Vector256<int> odd, byte* activations) =>
        sum + Avx2.MultiplyAddAdjacent(even.AsInt16(), Vector256.Create(*(int*)activations).AsInt16())
            + Avx2.MultiplyAddAdjacent(odd.AsInt16(), Vector256.Create(((int*)activations)[1]).AsInt16());

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector256<int> LoadHalves(ushort* source) =>
        (((Avx2.ConvertToVector256Int32((short*)source) << HalfBits.Shift) & Vector256.Create(HalfBits.Mask)).AsSingle() * Vector256.Create(HalfBits.Scale)).AsInt32();

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void AddScaled(Vector256<int> sum, Vector256<int> scales, float factor, float* y) =>
        (Vector256.Load(y) + Vector256.ConvertToSingle(sum) * (scales.AsSingle() * Vector256.Create(factor))).Store(y);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void AddMultiple(Vector256<int> numbers, float factor, float* y) => (Vector256.Load(y) + numbers.AsSingle() * Vector256.Create(factor)).Store(y);
}
