using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;

namespace Coppice.Tensors;

/// <summary>8 integers: AVX-VNNI, whose one instruction takes four products of bytes and adds them up.</summary>
internal readonly unsafe struct IntegerSimdVnni : IIntegerSimd<Vector256<int>>
{
    public static bool IsSupported => AvxVnni.IsSupported;

    public static int Width => 8;

    public static int QuadBytes => 4;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector256<int> Create(int value) => Vector256.Create(value);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector256<int> Load(byte* source) => Vector256.Load((int*)source);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector256<int> And(Vector256<int> a, Vector256<int> b) => a & b;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector256<int> ShiftRight4(Vector256<int> a) => a >>> 4;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector256<int> Even(Vector256<int> levels) => levels;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector256<int> Odd(Vector256<int> levels) => levels;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector256<int> AddProducts(Vector256<int> sum, Vector256<int> even, Vector256<int> odd, byte* activations) =>
        AvxVnni.MultiplyWideningAndAdd(sum, even.AsByte(), Vector256.Create(*(int*)activations).AsSByte());

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector256<int> LoadHalves(ushort* source) => IntegerSimd256.LoadHalves(source);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void AddScaled(Vector256<int> sum, Vector256<int> scales, float factor, float* y) => IntegerSimd256.AddScaled(sum, scales, factor, y);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void AddMultiple(Vector256<int> numbers, float factor, float* y) => IntegerSimd256.AddMultiple(numbers, factor, y);
}
