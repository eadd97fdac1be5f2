namespace Coppice.Tensors.Tests.Operations;

/// <summary>The gradients of elementary operations agree with differences of their outputs.</summary>
public class GradientTests
{
    private static readonly Shape Matrix = new(3, 7);

    [Fact]
    public void Of_a_sum() => GradientCheck.Run((s, x) => s.Tape.Add(x[0], x[1]), [Matrix, Matrix]);

    [Fact]
    public void Of_a_sum_of_a_tensor_with_itself() => GradientCheck.Run((s, x) => s.Tape.Add(x[0], x[0]), [Matrix]);

    [Fact]
    public void Of_a_product_of_elements() => GradientCheck.Run((s, x) => s.Tape.Multiply(x[0], x[1]), [Matrix, Matrix]);

    [Fact]
    public void Of_a_square() => GradientCheck.Run((s, x) => s.Tape.Multiply(x[0], x[0]), [Matrix]);

    [Fact]
    public void Of_a_multiple() => GradientCheck.Run((s, x) => s.Tape.Scale(x[0], -1.7f), [Matrix]);

    [Fact]
    public void Of_a_choice() => GradientCheck.Run(
        (s, x) => s.Tape.Where(s.Tape.Constant(Matrix, [.. Enumerable.Range(0, 21).Select(i => i % 3 == 0 ? 0f : i)]), x[0], x[1]), [Matrix, Matrix]);

    [Fact]
    public void Of_a_total() => GradientCheck.Run((s, x) => s.Tape.Sum(x[0]), [Matrix]);

    [Fact]
    public void Of_a_mean() => GradientCheck.Run((s, x) => s.Tape.Mean(x[0]), [Matrix]);

    [Theory]
    [InlineData(PointwiseFunction.GeluErf, 0)]
    [InlineData(PointwiseFunction.GeluTanh, 0)]
    [InlineData(PointwiseFunction.Silu, 0)]
    [InlineData(PointwiseFunction.Tanh, 0)]
    [InlineData(PointwiseFunction.Exp, 0)]
    [InlineData(PointwiseFunction.Log, 1.5f)]
    [InlineData(PointwiseFunction.Sqrt, 1.5f)]
    public void Of_a_function(PointwiseFunction function, float smallest) => GradientCheck.Run((s, x) => s.Tape.Apply(x[0], function), [new Shape(3, 13)], smallest);

    [Fact]
    public void Of_a_rectifier_on_both_sides_of_zero() => GradientCheck.Run(
        (s, x) => s.Tape.Apply(s.Tape.Multiply(x[0], s.Tape.Constant(Matrix, [.. Enumerable.Range(0, 21).Select(i => i % 2 == 0 ? 1f : -1f)])), PointwiseFunction.Relu), [Matrix], smallest: 0.25f);

    [Fact]
    public void Of_a_gated_unit() => GradientCheck.Run((s, x) => s.Tape.SwiGlu(x[0], x[1]), [Matrix, Matrix]);

    [Fact]
    public void Of_a_gated_unit_whose_gate_is_its_value() => GradientCheck.Run((s, x) => s.Tape.SwiGlu(x[0], x[0]), [Matrix]);

    [Fact]
    public void Of_dropout() => GradientCheck.Run((s, x) =>
    {
        s.Tape.SeedRandom(3, 14);
        return s.Tape.Dropout(x[0], 0.4f, training: true);
    }, [Matrix]);

    [Fact]
    public void Of_dropout_that_is_off() => GradientCheck.Run((s, x) => s.Tape.Scale(s.Tape.Dropout(s.Tape.Dropout(x[0], 0.4f, training: false), 0, training: true), 2), [Matrix]);

    [Fact]
    public void Of_scaled_columns() => GradientCheck.Run((s, x) => s.Tape.ScaleColumns(x[0], x[1]), [Matrix, new Shape(7)]);

    [Fact]
    public void Of_scaled_columns_with_bias_and_residual() => GradientCheck.Run(
        (s, x) => s.Tape.ScaleColumns(x[0], x[1], x[2], x[3]), [new Shape(5, 19), new Shape(19, 1), new Shape(19), new Shape(5, 19)]);

    [Fact]
    public void Of_a_softmax() => GradientCheck.Run((s, x) => s.Tape.Softmax(x[0]), [Matrix]);

    [Fact]
    public void Of_a_log_softmax() => GradientCheck.Run((s, x) => s.Tape.LogSoftmax(x[0]), [Matrix]);

    [Fact]
    public void Of_a_layer_norm() => GradientCheck.Run((s, x) => s.Tape.LayerNorm(x[0], x[1], x[2], 1e-5f), [new Shape(5, 9), new Shape(9), new Shape(9)]);

    [Fact]
    public void Of_a_layer_norm_without_bias() => GradientCheck.Run((s, x) => s.Tape.LayerNorm(x[0], x[1], null, 1e-5f), [new Shape(5, 9), new Shape(9)]);

    [Fact]
    public void Of_an_rms_norm() => GradientCheck.Run((s, x) => s.Tape.RmsNorm(x[0], x[1], 1e-5f), [new Shape(5, 9), new Shape(9)]);

    [Fact]
    public void Of_an_rms_norm_of_heads() => GradientCheck.Run((s, x) => s.Tape.RmsNorm(x[0], x[1], 1e-5f), [new Shape(3, 18), new Shape(6)]);

    [Fact]
    public void Of_an_embedding_with_repeated_ids() => GradientCheck.Run((s, x) => s.Tape.Embedding(s.Tape.Integers([4, 0, 4, 2, 4]), x[0]), [new Shape(6, 5)]);

    [Fact]
    public void Of_embeddings_that_are_added_up() => GradientCheck.Run(
        (s, x) => s.Tape.Embedding(s.Tape.Integers([1, 1, 0]), x[0], s.Tape.Embedding(s.Tape.Integers([4, 0, 4]), x[1])), [new Shape(2, 5), new Shape(6, 5)]);

    [Fact]
    public void Of_an_embedding_and_what_it_is_added_to() => GradientCheck.Run(
        (s, x) => s.Tape.Embedding(s.Tape.Integers([1, 1, 0]), x[0], x[1]), [new Shape(2, 5), new Shape(3, 5)], usesUp: true);
}
