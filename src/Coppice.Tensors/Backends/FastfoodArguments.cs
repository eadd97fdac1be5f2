namespace Coppice.Tensors;

/// <summary>
/// The arguments of y = factor · P · x, or of its transpose, with a random matrix P [outputs, inputs] that is never formed: with n the power of two at or above the
/// outputs, x is filled up to n values with zeros (or cut), each gets a random sign, all are mixed by the Walsh-Hadamard transform (not normalised), permuted,
/// multiplied by normal numbers and mixed again; the first of them are the outputs. Signs, permutation and normal numbers are functions of a random stream.
/// </summary>
public unsafe struct FastfoodArguments
{
    /// <summary>Columns of P.</summary>
    public int Inputs;

    /// <summary>Rows of P; at most 2^30.</summary>
    public int Outputs;

    /// <summary>Decides P.</summary>
    public Philox Random;

    /// <summary>Multiplies the result.</summary>
    public float Factor;

    /// <summary>Whether the transpose is meant.</summary>
    public bool Transposed;

    /// <summary>Add to y instead of overwriting it.</summary>
    public bool Accumulate;

    /// <summary>[inputs], of the transpose [outputs].</summary>
    public float* X;

    /// <summary>[outputs], of the transpose [inputs].</summary>
    public float* Y;

    /// <summary>Room for 2 · <see cref="Size"/> values.</summary>
    public float* Room;

    // Where in the stream the signs and the numbers of the permutation lie; the normal numbers begin at 0.
    private const ulong Signs = 1UL << 40;
    private const ulong Permutation = 1UL << 41;

    /// <summary>n.</summary>
    public readonly int Size => SizeOf(Outputs);

    /// <summary>How many values of x the map sees.</summary>
    public readonly int Seen => Math.Min(Inputs, Size);

    /// <summary>The power of two at or above a number.</summary>
    /// <param name="outputs">The number, from 1 to 2^30.</param>
    public static int SizeOf(int outputs) => checked((int)System.Numerics.BitOperations.RoundUpToPowerOf2((uint)outputs));

    /// <summary>The number that value i is multiplied by behind the permutation.</summary>
    /// <param name="random">The stream.</param>
    /// <param name="i">Which.</param>
    internal static float Normal(Philox random, int i) => random.Normal((ulong)i);

    /// <summary>1 or -1 for value i.</summary>
    /// <param name="random">The stream.</param>
    /// <param name="i">Which.</param>
    internal static float Sign(Philox random, int i) => (random.Word(Signs + (ulong)(i >> 5)) >> (i & 31) & 1) == 0 ? 1 : -1;

    /// <summary>The numbers that make the permutation.</summary>
    internal readonly FastfoodPermutation CreatePermutation()
    {
        var (a, b, c, d) = Random.Words(Permutation);
        return new FastfoodPermutation(Size, a, b, c, d);
    }
}

/// <summary>
/// A permutation of 2^k numbers without a table: multiplying by an odd number, adding one and folding the upper bits onto the lower can each be undone, and so can
/// all together.
/// </summary>
internal readonly struct FastfoodPermutation(int size, uint a, uint b, uint c, uint d)
{
    private readonly uint _mask = (uint)size - 1;
    private readonly int _shift = Math.Max(1, System.Numerics.BitOperations.Log2((uint)size) / 2);

    /// <summary>Where number i goes.</summary>
    public int this[int i]
    {
        get
        {
            var x = ((uint)i * (a | 1) + b) & _mask;
            x ^= x >> _shift;
            x = (x * (c | 1) + d) & _mask;
            x ^= x >> _shift;
            return (int)((x * (b | 1) + a) & _mask);
        }
    }
}
