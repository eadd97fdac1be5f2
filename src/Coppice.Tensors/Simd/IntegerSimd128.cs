using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;

namespace Coppice.Tensors;

/// <summary>4 integers: SSE2, or what any processor with vectors of 128 bits can do.</summary>
internal readonly unsafe struct IntegerSimd128 : IIntegerSimd<Vector128<int>>
{
    public static int Width => 4;

    public static int QuadBytes => 8;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128<int> Create(int value) => Vector128.Create(value);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128<int> Load(byte* source) => Vector128.Load((int*)source);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128<int> And(Vector128<int> a, Vector128<int> b) => a & b;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128<int> ShiftRight4(Vector128<int> a) => a >>> 4;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128<int> Even(Vector128<int> levels) => levels & Vector128.Create(0x00FF00FF);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128<int> Odd(Vector128<int> levels) => (levels.AsUInt16() >>> 8).AsInt32();

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128<int> AddProducts(Vector128<int> sum, Vector128<int> even, Vector128<int> odd, byte* activations) =>
        sum + AddAdjacentProducts(even, (short*)activations) + AddAdjacentProducts(odd, (short*)activations + 2);

    // Levels are bytes in 16 bits: in a lane's lower half as they are, in its upper half shifted down.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector128<int> AddAdjacentProducts(Vector128<int> levels, short* activations) => Sse2.IsSupported
        ? Sse2.MultiplyAddAdjacent(levels.AsInt16(), Vector128.Create(*(int*)activations).AsInt16())
        : (levels & Vector128.Create(0xFFFF)) * Vector128.Create((int)activations[0]) + (levels >>> 16) * Vector128.Create((int)activations[1]);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128<int> LoadHalves(ushort* source) =>
        (((Vector128.WidenLower(Vector64.Load((short*)source).ToVector128()) << HalfBits.Shift) & Vector128.Create(HalfBits.Mask)).AsSingle() * Vector128.Create(HalfBits.Scale)).AsInt32();

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void AddScaled(Vector128<int> sum, Vector128<int> scales, float factor, float* y) =>
        (Vector128.Load(y) + Vector128.ConvertToSingle(sum) * (scales.AsSingle() * Vector128.Create(factor))).Store(y);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void AddMultiple(Vector128<int> numbers, float factor, float* y) => (Vector128.Load(y) + numbers.AsSingle() * Vector128.Create(factor)).Store(y);
}
