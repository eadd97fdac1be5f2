using System.Buffers.Binary;

namespace Coppice.Tensors.Tests;

/// <summary>Rows of random blocks as ggml stores them, and their product by its definition: nothing here knows how a quantised matrix lies in memory.</summary>
internal sealed class QuantizedBlocks
{
    private const int Block = 32;

    private readonly int[] _levels;
    private readonly float[] _scales;
    private readonly float[] _minima;

    public QuantizedBlocks(QuantizedType type, int rows, int columns, ulong seed = 3)
    {
        (Type, Rows, Columns, BlocksOfARow) = (type, rows, columns, (columns + Block - 1) / Block);
        _levels = new int[rows * BlocksOfARow * Block];
        _scales = new float[rows * BlocksOfARow];
        _minima = new float[_scales.Length];
        var random = new Philox(seed, 0);
        var draw = 0UL;
        var blockBytes = type == QuantizedType.Int8 ? 34 : 20;
        Bytes = new byte[_scales.Length * blockBytes];
        for (var block = 0; block < _scales.Length; block++)
        {
            // One in eight is as small as half precision can be, some are negative, some zero.
            var scale = (Half)((random.Integer(draw++, 8), random.Normal(draw++)) switch { (0, var normal) => normal * 1e-6f, (1, _) => 0, var (_, normal) => normal * 0.01f });
            _scales[block] = (float)scale;
            var bytes = Bytes.AsSpan(block * blockBytes, blockBytes);
            BinaryPrimitives.WriteHalfLittleEndian(bytes, scale);
            if (type == QuantizedType.Int4)
            {
                var minimum = (Half)(random.Normal(draw++) * 0.1f);
                _minima[block] = (float)minimum;
                BinaryPrimitives.WriteHalfLittleEndian(bytes[2..], minimum);
            }

            for (var i = 0; i < Block; i++)
            {
                var level = type == QuantizedType.Int8 ? random.Integer(draw++, 256) - 128 : random.Integer(draw++, 16);
                _levels[block * Block + i] = level;
                if (type == QuantizedType.Int8) bytes[2 + i] = (byte)(sbyte)level;
                else bytes[4 + i % 16] |= (byte)(level << (i < 16 ? 0 : 4));
            }
        }
    }

    public QuantizedType Type { get; }

    public int Rows { get; }

    public int Columns { get; }

    public int BlocksOfARow { get; }

    public byte[] Bytes { get; }

    public QuantizedMatrix Matrix(Backend backend)
    {
        var matrix = new QuantizedMatrix(backend, Type, Rows, Columns);
        matrix.Write(0, Bytes);
        return matrix;
    }

    public float Value(int row, int column)
    {
        var block = row * BlocksOfARow + column / Block;
        var value = _scales[block] * _levels[row * BlocksOfARow * Block + column];
        return Type == QuantizedType.Int8 ? value : value + _minima[block];
    }

    /// <summary>The product with rows of activations.</summary>
    public float[] Multiply(float[] x, float[]? bias, float[]? residual)
    {
        var y = new float[x.Length / Columns * Rows];
        for (var m = 0; m < x.Length / Columns; m++)
        {
            var activations = x.AsSpan(m * Columns, Columns).ToArray().Chunk(Block).Select(Quantize).ToArray();
            for (var n = 0; n < Rows; n++)
            {
                var sum = 0f;
                for (var block = 0; block < BlocksOfARow; block++)
                {
                    var products = 0L;
                    var (levels, scale) = activations[block];
                    for (var i = 0; i < levels.Length; i++) products += (long)levels[i] * _levels[(n * BlocksOfARow + block) * Block + i];
                    var factor = _scales[n * BlocksOfARow + block] * scale;
                    var product = products * factor;
                    sum += product;
                    if (Type == QuantizedType.Int8) continue;
                    var sumOfLevels = scale * levels.Sum();
                    var minimum = _minima[n * BlocksOfARow + block] * sumOfLevels;
                    sum += minimum;
                }

                if (bias is not null) sum += bias[n];
                if (residual is not null) sum += residual[m * Rows + n];
                y[m * Rows + n] = sum;
            }
        }

        return y;
    }

    private static (int[] Levels, float Scale) Quantize(float[] values)
    {
        var largest = values.Max(Math.Abs);
        if (largest < 1e-36f) return (new int[values.Length], 0);
        var inverse = 127 / largest;
        return ([.. values.Select(value => (int)MathF.Round(value * inverse))], largest / 127);
    }
}
