namespace Coppice.Tensors.Tests.Operations;

/// <summary>Gradients through quantised weights are those through their values in float32.</summary>
public class QuantizedGradientTests
{
    private const int Rows = 24;

    public static TheoryData<QuantizedType, int, int> Sizes => new()
    {
        { QuantizedType.Int8, 40, 70 },
        { QuantizedType.Int4, 40, 70 },
        { QuantizedType.Int8, 500, 33 },
        { QuantizedType.Int4, 1100, 64 },
    };

    [Theory]
    [MemberData(nameof(Sizes))]
    public void Of_a_linear_layer_are_those_of_the_same_values_in_float32(QuantizedType type, int outputs, int inputs)
    {
        var blocks = new QuantizedBlocks(type, outputs, inputs);
        foreach (var level in Backends.Supported)
        {
            using var backend = Backends.Create(1, level);
            using var matrix = blocks.Matrix(backend);
            var quantized = Gradients(backend, (tape, x, bias, residual) => tape.Linear(x, matrix, bias, residual), outputs, inputs);
            var dense = Gradients(backend, (tape, x, bias, residual) => tape.Linear(x, tape.Constant(new Shape(outputs, inputs), Values(blocks)), bias, residual), outputs, inputs);
            // A tile is a block of the dense product's sum: the same bits, but where the last is shorter than the dense product would cut.
            if (outputs <= 512 && level != KernelLevel.Scalar) Assert.Equal(dense[0], quantized[0]);
            AssertClose(dense[0], quantized[0], 1e-5);
            Assert.Equal(dense[1], quantized[1]);
            Assert.Equal(dense[2], quantized[2]);
        }
    }

    [Theory]
    [InlineData(QuantizedType.Int8)]
    [InlineData(QuantizedType.Int4)]
    public void Are_the_same_bits_whatever_the_number_of_threads(QuantizedType type)
    {
        var blocks = new QuantizedBlocks(type, 1100, 96);
        foreach (var level in Backends.Supported.Where(level => level != KernelLevel.Scalar))
        {
            var one = With(threads: 1);
            Assert.Equal(one, With(threads: 2));
            Assert.Equal(one, With(threads: 3));

            float[] With(int threads)
            {
                using var backend = Backends.Create(threads, level);
                using var matrix = blocks.Matrix(backend);
                return Gradients(backend, (tape, x, bias, residual) => tape.Linear(x, matrix, bias, residual), 1100, 96)[0];
            }
        }
    }

    [Theory]
    [InlineData(QuantizedType.Int8)]
    [InlineData(QuantizedType.Int4)]
    public void Of_head_and_loss_together_are_those_of_the_two_apart(QuantizedType type)
    {
        const int Classes = 600, Hidden = 48;
        using var backend = Backends.Create(2);
        using var matrix = new QuantizedBlocks(type, Classes, Hidden).Matrix(backend);
        int[] targets = [.. Enumerable.Range(0, Rows).Select(i => i * 37 % Classes)];
        float[] weights = [.. Enumerable.Range(0, Rows).Select(i => i % 5 == 0 ? 0f : 1)];
        var options = new CrossEntropyOptions(0.25f, LabelSmoothing: 0.1f);
        var apart = Of((tape, x, bias) => tape.CrossEntropy(tape.Linear(x, matrix, bias), tape.Integers(targets), tape.Constant(new Shape(Rows), weights), options));
        var together = Of((tape, x, bias) => tape.HeadCrossEntropy(x, matrix, tape.Integers(targets), tape.Constant(new Shape(Rows), weights), options, bias: bias));
        Assert.Equal(apart.Loss, together.Loss, 1e-6f);
        AssertClose(apart.X, together.X, 1e-6);
        AssertClose(apart.Bias, together.Bias, 1e-6);

        (float Loss, float[] X, float[] Bias) Of(Func<Tape, Tensor, Tensor, Tensor> loss)
        {
            using var tape = new Tape(backend);
            var (x, bias) = (tape.Variable(new Shape(Rows, Hidden), Normals(Rows * Hidden, 1)), tape.Variable(new Shape(Classes), Normals(Classes, 2)));
            var result = loss(tape, x, bias);
            tape.Backward(result);
            return (result.Item, x.GradientToArray(), bias.GradientToArray());
        }
    }

    [Theory]
    [InlineData(QuantizedType.Int8)]
    [InlineData(QuantizedType.Int4)]
    public void Rows_are_read_as_float32(QuantizedType type)
    {
        var blocks = new QuantizedBlocks(type, 37, 70);
        foreach (var level in Backends.Supported)
        {
            using var backend = Backends.Create(2, level);
            using var matrix = blocks.Matrix(backend);
            var rows = new float[20 * 70];
            matrix.Read(5, rows);
            Assert.Equal(Enumerable.Range(5 * 70, rows.Length).Select(i => blocks.Value(i / 70, i % 70)), rows);
            Assert.Throws<ArgumentException>(() => matrix.Read(18, new float[20 * 70]));
            Assert.Throws<ArgumentException>(() => matrix.Read(0, new float[71]));
        }
    }

    // Of x, bias and residual.
    private static float[][] Gradients(Backend backend, Func<Tape, Tensor, Tensor, Tensor, Tensor> linear, int outputs, int inputs)
    {
        using var tape = new Tape(backend);
        var x = tape.Variable(new Shape(Rows, inputs), Normals(Rows * inputs, 1));
        var bias = tape.Variable(new Shape(outputs), Normals(outputs, 2));
        var residual = tape.Variable(new Shape(Rows, outputs), Normals(Rows * outputs, 3));
        var y = linear(tape, x, bias, residual);
        tape.Backward(tape.Sum(tape.Multiply(y, tape.Constant(y.Shape, Normals(Rows * outputs, 4)))));
        return [x.GradientToArray(), bias.GradientToArray(), residual.GradientToArray()];
    }

    private static float[] Values(QuantizedBlocks blocks) => [.. Enumerable.Range(0, blocks.Rows * blocks.Columns).Select(i => blocks.Value(i / blocks.Columns, i % blocks.Columns))];

    private static float[] Normals(int count, ulong stream)
    {
        var random = new Philox(5, stream);
        return [.. Enumerable.Range(0, count).Select(i => random.Normal((ulong)i))];
    }

    private static void AssertClose(float[] expected, float[] actual, double tolerance)
    {
        var largest = expected.Max(Math.Abs);
        Assert.All(expected.Zip(actual), pair => Assert.Equal(pair.First, pair.Second, tolerance * largest));
    }
}
