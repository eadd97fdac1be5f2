using Coppice.Tensors;

namespace Coppice.Adapters.Sides;

/// <summary>Shares between 0 and 1 that are learned.</summary>
internal static class Gates
{
    /// <summary>σ(factor · x), as ½ + ½ tanh(½ factor · x): exactly 1 where x is large enough.</summary>
    public static Tensor Sigmoid(Tape tape, Tensor x, double factor = 1)
    {
        var half = tape.Scale(tape.Apply(tape.Scale(x, (float)(factor / 2)), PointwiseFunction.Tanh), 0.5f);
        return tape.Add(half, Filled(tape, half.Shape, 0.5f));
    }

    /// <summary>A tensor of one value, as many times as is asked for.</summary>
    public static Tensor Repeat(Tape tape, Tensor x, int count) => tape.Embedding(tape.Integers(new int[count]), x);

    /// <summary>share · x + (1 - share) · y, column by column.</summary>
    /// <param name="tape">The tape.</param>
    /// <param name="x">[rows, columns].</param>
    /// <param name="y">[rows, columns].</param>
    /// <param name="share">As many values as columns.</param>
    public static Tensor Mix(Tape tape, Tensor x, Tensor y, Tensor share)
    {
        var rest = tape.Add(tape.Scale(share, -1), Filled(tape, share.Shape, 1));
        return tape.ScaleColumns(x, share, residual: tape.ScaleColumns(y, rest));
    }

    private static Tensor Filled(Tape tape, Shape shape, float value)
    {
        var values = new float[shape.Count];
        Array.Fill(values, value);
        return tape.Constant(shape, values);
    }
}
