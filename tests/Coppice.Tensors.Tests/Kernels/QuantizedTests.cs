using System.Runtime.Intrinsics;

namespace Coppice.Tensors.Tests;

[Collection(KernelCollection.Name)]
public sealed unsafe class QuantizedTests(KernelFixture kernels)
{
    [Theory]
    [InlineData(QuantizedType.Int8)]
    [InlineData(QuantizedType.Int4)]
    public void Products_are_the_same_to_the_bit_on_every_kernel(QuantizedType type)
    {
        int[] rows = [1, 2, 3, 4, 5, 7, 8, 9, 64, 66, 130], outputs = [1, 2, 15, 16, 17, 31, 32, 33, 48, 49, 64, 65, 129, 200], inputs = [1, 5, 31, 32, 33, 64, 96, 100, 511, 512, 544];
        for (var i = 0; i < 2 * outputs.Length; i++)
            Compare(type, rows[i % rows.Length], outputs[i % outputs.Length], inputs[i * 3 % inputs.Length], withBias: i % 2 == 0, withResidual: i % 3 == 0);
        Compare(type, 70, 300, 1100, withBias: true, withResidual: true);
    }

    [Theory]
    [InlineData(QuantizedType.Int8)]
    [InlineData(QuantizedType.Int4)]
    public void Every_kind_of_vector_gives_the_same_integers(QuantizedType type)
    {
        const int Rows = 5, Outputs = 32, Inputs = 160;
        var blocks = new QuantizedBlocks(type, Outputs, Inputs);
        using var matrix = blocks.Matrix(kernels.Reference);
        var x = Activations(Rows, Inputs);
        var expected = blocks.Multiply(x, null, null);
        Assert.Equal(expected, Tiles<IntegerSimd128, Vector128<int>>(matrix, x));
        if (IntegerSimd256.IsSupported) Assert.Equal(expected, Tiles<IntegerSimd256, Vector256<int>>(matrix, x));
        if (IntegerSimdVnni.IsSupported) Assert.Equal(expected, Tiles<IntegerSimdVnni, Vector256<int>>(matrix, x));
        if (IntegerSimd512.IsSupported) Assert.Equal(expected, Tiles<IntegerSimd512, Vector512<int>>(matrix, x));
    }

    [Fact]
    public void A_product_is_near_the_exact_one()
    {
        var blocks = new QuantizedBlocks(QuantizedType.Int8, 40, 256);
        var x = Activations(6, 256);
        var y = blocks.Multiply(x, null, null);
        double errors = 0, squares = 0;
        for (var m = 0; m < 6; m++)
        {
            for (var n = 0; n < 40; n++)
            {
                var exact = Enumerable.Range(0, 256).Sum(k => (double)x[m * 256 + k] * blocks.Value(n, k));
                errors += Math.Pow(y[m * 40 + n] - exact, 2);
                squares += exact * exact;
            }
        }

        Assert.InRange(Math.Sqrt(errors / squares), 1e-5, 0.01);
    }

    [Fact]
    public void What_is_not_finite_stays_visible_and_what_is_tiny_is_zero()
    {
        var blocks = new QuantizedBlocks(QuantizedType.Int8, 20, 64);
        foreach (var backend in kernels.All)
        {
            using var matrix = blocks.Matrix(backend);
            foreach (var value in new[] { float.NaN, float.PositiveInfinity, float.NegativeInfinity })
            {
                for (var at = 0; at < 64; at += 9)
                {
                    var x = Activations(1, 64);
                    x[at] = value;
                    Assert.All(Multiply(backend, matrix, x, null, null), y => Assert.False(float.IsFinite(y)));
                }
            }

            Assert.All(Multiply(backend, matrix, new float[64], null, null), y => Assert.Equal(0, y));
            Assert.All(Multiply(backend, matrix, [.. Enumerable.Repeat(float.Epsilon, 64)], null, null), y => Assert.Equal(0, y));
        }
    }

    [Theory]
    [InlineData(QuantizedType.Int8)]
    [InlineData(QuantizedType.Int4)]
    public void Rows_of_a_table_are_their_values(QuantizedType type)
    {
        var blocks = new QuantizedBlocks(type, 37, 70);
        int[] ids = [36, 0, 5, 5, 17];
        foreach (var backend in kernels.All)
        {
            using var matrix = blocks.Matrix(backend);
            using var tape = new Tape(backend) { Recording = false };
            Assert.Equal([.. ids.SelectMany(id => Enumerable.Range(0, 70).Select(column => blocks.Value(id, column)))], tape.Embedding(tape.Integers(ids), matrix).ToArray());
        }
    }

    [Fact]
    public void A_matrix_takes_what_its_blocks_take()
    {
        using var bytes = new QuantizedMatrix(kernels.Reference, QuantizedType.Int8, 48, 96);
        using var halves = new QuantizedMatrix(kernels.Reference, QuantizedType.Int4, 48, 96);
        Assert.Equal((48L * 3 * 34, 48L * 3 * 20), (bytes.Bytes, halves.Bytes));
        Assert.Throws<ArgumentException>(() => bytes.Write(8, new byte[16 * bytes.RowBytes]));
        Assert.Throws<ArgumentException>(() => bytes.Write(0, new byte[17 * bytes.RowBytes]));
        Assert.Throws<ArgumentException>(() => bytes.Write(32, new byte[32 * bytes.RowBytes]));
    }

    [Fact]
    public void Shapes_that_do_not_fit_are_refused()
    {
        using var matrix = new QuantizedBlocks(QuantizedType.Int8, 16, 32).Matrix(kernels.Reference);
        using var tape = new Tape(kernels.Reference);
        Assert.Throws<ArgumentException>(() => tape.Linear(tape.Constant(new Shape(1, 31), new float[31]), matrix));
    }

    private void Compare(QuantizedType type, int rows, int outputs, int inputs, bool withBias, bool withResidual)
    {
        var blocks = new QuantizedBlocks(type, outputs, inputs);
        var x = Activations(rows, inputs);
        var bias = withBias ? Activations(1, outputs) : null;
        var residual = withResidual ? Activations(rows, outputs) : null;
        var expected = blocks.Multiply(x, bias, residual);
        foreach (var backend in kernels.All)
        {
            using var matrix = blocks.Matrix(backend);
            var actual = Multiply(backend, matrix, x, bias, residual);
            var at = expected.AsSpan().CommonPrefixLength(actual);
            Assert.True(at == expected.Length, $"{type}, {rows} x {outputs} x {inputs} on {backend.Name}: value {at} is {actual[Math.Min(at, actual.Length - 1)]:G9}");
        }
    }

    private static float[] Multiply(Backend backend, QuantizedMatrix matrix, float[] x, float[]? bias, float[]? residual)
    {
        using var tape = new Tape(backend) { Recording = false };
        var rows = x.Length / matrix.Columns;
        return tape.Linear(
            tape.Constant(new Shape(rows, matrix.Columns), x),
            matrix,
            bias is null ? null : tape.Constant(new Shape(matrix.Rows), bias),
            residual is null ? null : tape.Constant(new Shape(rows, matrix.Rows), residual)).ToArray();
    }

    private static float[] Tiles<I, V>(QuantizedMatrix matrix, float[] x)
        where I : struct, IIntegerSimd<V>
        where V : unmanaged => matrix.Type == QuantizedType.Int8 ? Tiles<I, V, ByteLevels>(matrix, x) : Tiles<I, V, HalfByteLevels>(matrix, x);

    /// <summary>Four rows together and the others alone, in two passes over the blocks.</summary>
    private static float[] Tiles<I, V, L>(QuantizedMatrix matrix, float[] x)
        where I : struct, IIntegerSimd<V>
        where V : unmanaged
        where L : struct, ILevels
    {
        var rows = x.Length / matrix.Columns;
        var y = new float[rows * matrix.Rows];
        var memory = new byte[ActivationBlocks.Bytes(rows, matrix.Columns, I.QuadBytes)];
        fixed (byte* room = memory)
        fixed (float* input = x, output = y)
        {
            var activations = new ActivationBlocks(room, rows, matrix.Columns, I.QuadBytes);
            for (var row = 0; row < rows; row++) activations.Quantize(row, input + row * matrix.Columns);
            foreach (var (block, count) in (ReadOnlySpan<(int, int)>)[(0, 2), (2, activations.Blocks - 2)])
            {
                for (var n = 0; n < matrix.Rows; n += 2 * I.Width)
                {
                    var (slice0, slice1) = (QuantizedSlice.Of(matrix.Weights, n, block), QuantizedSlice.Of(matrix.Weights, n + I.Width, block));
                    QuantizedTile<I, V, L>.FourRows(activations, 0, block, count, slice0, slice1, output + n, matrix.Rows);
                    for (var row = 4; row < rows; row++) QuantizedTile<I, V, L>.OneRow(activations, row, block, count, slice0, slice1, output + row * matrix.Rows + n);
                }
            }
        }

        return y;
    }

    // Blocks of very different sizes.
    private static float[] Activations(int rows, int columns)
    {
        var random = new Philox(11, (ulong)columns);
        return [.. Enumerable.Range(0, rows * columns).Select(i => random.Normal((ulong)i) * MathF.Pow(10, i / 32 % 7 - 3))];
    }
}
