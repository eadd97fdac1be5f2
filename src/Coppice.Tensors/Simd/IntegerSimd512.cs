using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;

namespace Coppice.Tensors;

/// <summary>16 integers: AVX-512, products of 16-bit numbers.</summary>
internal readonly unsafe struct IntegerSimd512 : IIntegerSimd<Vector512<int>>
{
    public static bool IsSupported => Avx512BW.IsSupported;

    public static int Width => 16;

    public static int QuadBytes => 8;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector512<int> Create(int value) => Vector512.Create(value);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector512<int> Load(byte* source) => Vector512.Load((int*)source);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector512<int> And(Vector512<int> a, Vector512<int> b) => a & b;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector512<int> ShiftRight4(Vector512<int> a) => a >>> 4;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector512<int> Even(Vector512<int> levels) => levels & Vector512.Create(0x00FF00FF);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector512<int> Odd(Vector512<int> levels) => (levels.AsUInt16() >>> 8).AsInt32();

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector512<int> AddProducts(Vector512<int> sum, Vector512<int> even, Vector512<int> odd, byte* activations) =>
        sum + Avx512BW.MultiplyAddAdjacent(even.AsInt16(), Vector512.Create(*(int*)activations).AsInt16())
            + Avx512BW.MultiplyAddAdjacent(odd.AsInt16(), Vector512.Create(((int*)activations)[1]).AsInt16());

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector512<int> LoadHalves(ushort* source) =>
        (((Avx512F.ConvertToVector512Int32(Vector256.Load((short*)source)) << HalfBits.Shift) & Vector512.Create(HalfBits.Mask)).AsSingle() * Vector512.Create(HalfBits.Scale)).AsInt32();

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void AddScaled(Vector512<int> sum, Vector512<int> scales, float factor, float* y) =>
        (Vector512.Load(y) + Vector512.ConvertToSingle(sum) * (scales.AsSingle() * Vector512.Create(factor))).Store(y);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void AddMultiple(Vector512<int> numbers, float factor, float* y) => (Vector512.Load(y) + numbers.AsSingle() * Vector512.Create(factor)).Store(y);
}
