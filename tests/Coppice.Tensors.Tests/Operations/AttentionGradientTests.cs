namespace Coppice.Tensors.Tests.Operations;

/// <summary>The gradients of attention and rotary embedding agree with differences of their outputs.</summary>
public class AttentionGradientTests
{
    private static readonly int[] Documents = [0, 3, 3, 4, 8];

    [Theory]
    [InlineData(true, 0)]
    [InlineData(true, 2)]
    [InlineData(false, 0)]
    public void Of_attention_with_shared_keys(bool causal, int window) => GradientCheck.Run(
        (s, x) => s.Tape.Attention(x[0], x[1], x[2], AttentionLayout.Packed(s.Tape, Documents), new AttentionShape(4, 2, 3, causal, window)),
        [new Shape(8, 12), new Shape(8, 6), new Shape(8, 6)]);

    [Theory]
    [InlineData(2, 2)]
    [InlineData(4, 2)]
    [InlineData(3, 1)]
    public void Of_attention_whose_queries_keys_and_values_lie_side_by_side(int heads, int keyValueHeads) => GradientCheck.Run(
        (s, x) => s.Tape.Attention(x[0], AttentionLayout.Packed(s.Tape, Documents), new AttentionShape(heads, keyValueHeads, 4)),
        [new Shape(8, (heads + 2 * keyValueHeads) * 4)]);

    [Fact]
    public void Of_attention_of_a_tensor_to_itself() => GradientCheck.Run(
        (s, x) => s.Tape.Attention(x[0], x[0], x[0], AttentionLayout.Packed(s.Tape, Documents), new AttentionShape(2, 2, 3, Causal: false)), [new Shape(8, 6)]);

    [Fact]
    public void Of_attention_with_a_scale_of_its_own() => GradientCheck.Run(
        (s, x) => s.Tape.Attention(x[0], x[1], x[2], AttentionLayout.Packed(s.Tape, [0, 4]), new AttentionShape(1, 1, 4, Scale: 0.9f)),
        [new Shape(4, 4), new Shape(4, 4), new Shape(4, 4)]);

    // One document with more keys than queries (a cache), one with fewer; rows of keys that belong to nobody.
    [Fact]
    public void Of_attention_to_keys_elsewhere() => GradientCheck.Run(
        (s, x) => s.Tape.Attention(
            x[0], x[1], x[2], new AttentionLayout(2, s.Tape.Integers([0, 2, 5]), s.Tape.Integers([4, 1]), s.Tape.Integers([4, 2])), new AttentionShape(2, 1, 4)),
        [new Shape(5, 8), new Shape(9, 4), new Shape(9, 4)]);

    // Distances up to 2 have a bias of their own.
    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void Of_attention_with_a_bias_by_distance(bool causal) => GradientCheck.Run(
        (s, x) => s.Tape.Attention(x[0], x[1], x[2], AttentionLayout.Packed(s.Tape, Documents), new AttentionShape(2, 2, 3, causal, Scale: 0.9f), x[3]),
        [new Shape(8, 6), new Shape(8, 6), new Shape(8, 6), new Shape(5, 2)]);

    // As an encoder-decoder attends to a text of another length, with a bias that two layers share.
    [Fact]
    public void Of_a_bias_that_is_used_twice() => GradientCheck.Run(
        (s, x) =>
        {
            var layout = new AttentionLayout(2, s.Tape.Integers([0, 2, 5]), s.Tape.Integers([0, 4]), s.Tape.Integers([4, 3]));
            var shape = new AttentionShape(2, 2, 2, Causal: false, Scale: 0.5f);
            var y = s.Tape.Attention(x[0], x[1], x[1], layout, shape, x[2]);
            return s.Tape.Attention(y, x[1], x[1], layout, shape, x[2]);
        },
        [new Shape(5, 4), new Shape(7, 4), new Shape(3, 2)]);

    [Theory]
    [InlineData(4)]
    [InlineData(6)]
    public void Of_rotary(int rotarySize) => GradientCheck.Run(
        (s, x) => s.Tape.Rotary(x[0], s.Tape.Integers([0, 1, 2, 0, 7]), s.Own(new RotaryTable(s.Backend, 8, rotarySize, 100)), heads: 2), [new Shape(5, 12)], usesUp: true);

    [Fact]
    public void Of_rotary_after_operations_that_read_their_output_backward() => GradientCheck.Run((s, x) =>
    {
        var (positions, table) = (s.Tape.Integers([0, 1, 2]), s.Own(new RotaryTable(s.Backend, 3, 4, 100)));
        var probabilities = s.Tape.Rotary(s.Tape.Softmax(x[0]), positions, table, heads: 2);
        return s.Tape.Add(probabilities, s.Tape.Rotary(s.Tape.Apply(x[0], PointwiseFunction.Exp), positions, table, heads: 2));
    }, [new Shape(3, 8)]);
}
