using System.Runtime.Intrinsics;

namespace Coppice.Tensors;

/// <summary>Rows of activations, quantised for a product with quantised weights: see <see cref="QuantizedProduct"/>.</summary>
internal readonly unsafe struct ActivationBlocks
{
    /// <summary>The level of a block's largest magnitude.</summary>
    public const float Levels = 127;

    /// <summary>A block of smaller values is zero: the inverse of its scale would be no number.</summary>
    public const float Smallest = 1e-36f;

    private const int Quads = QuantizedLayout.BlockColumns / 4;

    private readonly byte* _quads;
    private readonly float* _scales;
    private readonly int* _sums;
    private readonly int _quadBytes;

    /// <summary>Rows in memory of <see cref="Bytes"/> bytes.</summary>
    /// <param name="memory">The memory.</param>
    /// <param name="rows">How many rows.</param>
    /// <param name="columns">Values of a row.</param>
    /// <param name="quadBytes">The bytes that four levels take: <see cref="IIntegerSimd{V}.QuadBytes"/>.</param>
    public ActivationBlocks(void* memory, int rows, int columns, int quadBytes)
    {
        var blocks = (long)rows * QuantizedLayout.Blocks(columns);
        (Columns, _quadBytes) = (columns, quadBytes);
        _quads = (byte*)memory;
        _scales = (float*)(_quads + blocks * Quads * quadBytes);
        _sums = (int*)(_scales + blocks);
    }

    /// <summary>Values of a row.</summary>
    public int Columns { get; }

    /// <summary>Blocks of a row.</summary>
    public int Blocks => QuantizedLayout.Blocks(Columns);

    /// <summary>The bytes that the levels of a row take.</summary>
    public int RowBytes => Blocks * Quads * _quadBytes;

    /// <summary>The memory that rows need.</summary>
    public static long Bytes(int rows, int columns, int quadBytes) => (long)rows * QuantizedLayout.Blocks(columns) * (Quads * quadBytes + sizeof(float) + sizeof(int));

    /// <summary>The levels of a row from a block on, four after four as the kernel wants them.</summary>
    public byte* QuadsOf(int row, int block) => _quads + (long)row * RowBytes + block * Quads * _quadBytes;

    /// <summary>The scales of a row from a block on.</summary>
    public float* ScalesOf(int row, int block) => _scales + (long)row * Blocks + block;

    /// <summary>The sums of the levels of a row's blocks, from a block on.</summary>
    public int* SumsOf(int row, int block) => _sums + (long)row * Blocks + block;

    /// <summary>Quantises a row.</summary>
    /// <param name="row">Which row.</param>
    /// <param name="values">[columns].</param>
    public void Quantize(int row, float* values)
    {
        var quads = QuadsOf(row, 0);
        var scales = ScalesOf(row, 0);
        var sums = SumsOf(row, 0);
        var partial = stackalloc float[QuantizedLayout.BlockColumns];
        for (var block = 0; block < Blocks; block++)
        {
            var source = values + block * QuantizedLayout.BlockColumns;
            var count = Columns - block * QuantizedLayout.BlockColumns;
            if (count < QuantizedLayout.BlockColumns)
            {
                new Span<float>(partial, QuantizedLayout.BlockColumns).Clear();
                new ReadOnlySpan<float>(source, count).CopyTo(new Span<float>(partial, count));
                source = partial;
            }

            sums[block] = QuantizeBlock(source, quads + block * Quads * _quadBytes, out scales[block]);
        }
    }

    /// <summary>Writes the levels of a block, and its scale: not a number where a value is not finite.</summary>
    /// <returns>The sum of the levels.</returns>
    private int QuantizeBlock(float* values, byte* quads, out float scale)
    {
        var (largest, differences) = (Vector128<float>.Zero, Vector128<float>.Zero);
        for (var i = 0; i < QuantizedLayout.BlockColumns; i += 4)
        {
            var x = Vector128.Load(values + i);
            largest = Vector128.MaxNative(largest, Vector128.Abs(x));
            // 0, or not a number: the larger of a number and none is whichever the processor likes.
            differences += x - x;
        }

        var most = Simd128.MaxLane(largest);
        scale = (most < Smallest ? 0 : most / Levels) + Vector128.Sum(differences);
        var inverse = Vector128.Create(most < Smallest ? 0 : Levels / most);
        var sum = Vector128<int>.Zero;
        for (var i = 0; i < QuantizedLayout.BlockColumns; i += 8)
        {
            var first = Vector128.ConvertToInt32Native(Vector128.Round(Vector128.Load(values + i) * inverse));
            var second = Vector128.ConvertToInt32Native(Vector128.Round(Vector128.Load(values + i + 4) * inverse));
            sum += first + second;
            if (_quadBytes == 4)
            {
                *(ulong*)(quads + i) = Vector128.Narrow(Vector128.Narrow(first, second), default).AsUInt64()[0];
            }
            else
            {
                var order = Vector128.Create(0, 2, 1, 3);
                Vector128.Narrow(Vector128.Shuffle(first, order), Vector128.Shuffle(second, order)).Store((short*)quads + i);
            }
        }

        return Vector128.Sum(sum);
    }
}
