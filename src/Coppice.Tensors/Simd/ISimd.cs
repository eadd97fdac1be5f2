namespace Coppice.Tensors;

/// <summary>
/// The operations of one vector width. Kernels are written once, generic over it; the JIT compiles them for each width as if by hand.
/// Nothing here allocates or branches on the instruction set at run time.
/// </summary>
/// <typeparam name="V">The vector type.</typeparam>
internal unsafe interface ISimd<V>
    where V : unmanaged
{
    /// <summary>The number of float32 lanes.</summary>
    static abstract int Width { get; }

    /// <summary>Rows of the matrix-product kernel: 8 where there are 32 vector registers, 4 where there are 16.</summary>
    static abstract int KernelRows { get; }

    static abstract V Zero { get; }

    static abstract V Create(float value);

    static abstract V Load(float* source);

    static abstract void Store(V value, float* destination);

    static abstract V Add(V a, V b);

    static abstract V Subtract(V a, V b);

    static abstract V Multiply(V a, V b);

    static abstract V Divide(V a, V b);

    /// <summary>a * b + c, rounded once where the hardware can.</summary>
    static abstract V MultiplyAdd(V a, V b, V c);

    /// <summary>The larger. One instruction: where one of the two is not a number, the result is <paramref name="b"/> on some processors.</summary>
    static abstract V Max(V a, V b);

    /// <summary>The smaller, with the same reservation as <see cref="Max"/>.</summary>
    static abstract V Min(V a, V b);

    static abstract V Sqrt(V a);

    static abstract V Abs(V a);

    /// <summary>value · 2^k, for the integer k that the lowest nine bits of n hold in two's complement; both value and result are normal numbers.</summary>
    static abstract V AddToExponent(V value, V n);

    /// <summary>A mask: all bits set in the lanes where a &lt; b.</summary>
    static abstract V LessThan(V a, V b);

    /// <summary>Per lane: <paramref name="a"/> where the mask is set, <paramref name="b"/> elsewhere.</summary>
    static abstract V Select(V mask, V a, V b);

    /// <summary>The sum of the lanes, in a fixed order.</summary>
    static abstract float Sum(V a);

    /// <summary>The largest lane.</summary>
    static abstract float MaxLane(V a);

    /// <summary>The exponent of each lane's value, as a number: 3 for 8 to 15.99. For positive normal numbers.</summary>
    static abstract V Exponent(V a);

    /// <summary>Each lane's value divided by the power of two that <see cref="Exponent"/> gives: in [1, 2). For positive normal numbers.</summary>
    static abstract V Mantissa(V a);

    /// <summary>Transposes a block of 4x4 (128-bit vectors) or 8x8 (wider ones) values; the block's side is <see cref="TransposeSide"/>.</summary>
    static abstract void Transpose(float* source, int sourceStride, float* destination, int destinationStride);

    /// <summary>The side of the block that <see cref="Transpose"/> takes.</summary>
    static abstract int TransposeSide { get; }
}
