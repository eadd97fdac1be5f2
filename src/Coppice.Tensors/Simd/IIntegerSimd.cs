namespace Coppice.Tensors;

/// <summary>
/// Vectors of 32-bit integers that take sums of products of bytes: what a quantised product is made of. A lane of levels is four unsigned bytes, four
/// columns of one row. All widths give the same integers, and the same floats of them.
/// </summary>
/// <typeparam name="V">The vector type.</typeparam>
internal unsafe interface IIntegerSimd<V>
    where V : unmanaged
{
    /// <summary>The number of lanes.</summary>
    static abstract int Width { get; }

    /// <summary>
    /// The bytes in which <see cref="AddProducts"/> wants four activations: 4, as they come; or 8, as 16-bit numbers, the first and the third before the
    /// second and the fourth.
    /// </summary>
    static abstract int QuadBytes { get; }

    static abstract V Create(int value);

    static abstract V Load(byte* source);

    static abstract V And(V a, V b);

    /// <summary>Each lane shifted by four bits to the right.</summary>
    static abstract V ShiftRight4(V a);

    /// <summary>The first and third byte of each lane, as <see cref="AddProducts"/> wants them.</summary>
    static abstract V Even(V levels);

    /// <summary>The second and fourth byte of each lane, as <see cref="AddProducts"/> wants them.</summary>
    static abstract V Odd(V levels);

    /// <summary>sum + the four products of each lane's levels with four activations.</summary>
    /// <param name="sum">The sums so far.</param>
    /// <param name="even">From <see cref="Even"/>.</param>
    /// <param name="odd">From <see cref="Odd"/>.</param>
    /// <param name="activations">Four, the same for all lanes: <see cref="QuadBytes"/> bytes.</param>
    static abstract V AddProducts(V sum, V even, V odd, byte* activations);

    /// <summary>Half-precision numbers as float32, one a lane; finite.</summary>
    static abstract V LoadHalves(ushort* source);

    /// <summary>y += sum · (scales · factor), each operation rounded once.</summary>
    /// <param name="sum">Integers.</param>
    /// <param name="scales">float32 numbers.</param>
    /// <param name="factor">The same for all lanes.</param>
    /// <param name="y">As many values as there are lanes.</param>
    static abstract void AddScaled(V sum, V scales, float factor, float* y);

    /// <summary>y += numbers · factor, each operation rounded once.</summary>
    /// <param name="numbers">float32 numbers.</param>
    /// <param name="factor">The same for all lanes.</param>
    /// <param name="y">As many values as there are lanes.</param>
    static abstract void AddMultiple(V numbers, float factor, float* y);
}

/// <summary>Half precision by 32-bit operations: sign, exponent and fraction moved to where float32 has them, and 2^112 for the other bias.</summary>
internal static class HalfBits
{
    public const int Shift = 13;
    public const int Mask = unchecked((int)0x8FFFE000);
    public const float Scale = 5.192296858534828e33f;
}
