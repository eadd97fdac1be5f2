using Coppice.Foundation;

namespace Coppice.Tensors;

/// <summary>y = (x - mean) / √(variance + ε) · weight + bias over the innermost dimension.</summary>
[Technique("layer-norm", Title = "Layer Normalization", Paper = "arXiv:1607.06450")]
public static unsafe class LayerNormOperation
{
    /// <summary>Layer normalisation.</summary>
    /// <param name="tape">The tape.</param>
    /// <param name="x">[rows, columns].</param>
    /// <param name="weight">[columns].</param>
    /// <param name="bias">[columns] or null.</param>
    /// <param name="epsilon">ε.</param>
    /// <returns>[rows, columns].</returns>
    public static Tensor LayerNorm(this Tape tape, Tensor x, Tensor weight, Tensor? bias, float epsilon)
    {
        Require.That(weight.Count == x.Columns && (bias is null || bias.Count == x.Columns), "layer norm", x.Shape, weight.Shape);
        var y = tape.NewTensor(x.Shape, x.RequiresGradient || weight.RequiresGradient || bias is { RequiresGradient: true });
        var statistics = tape.NewFloats(2L * x.Rows);
        tape.Backend.LayerNorm(x.Rows, x.Columns, x.Data, weight.Data, bias is null ? null : bias.Data, epsilon, y.Data, statistics, statistics + x.Rows);
        if (!y.RequiresGradient)
        {
            tape.Free(statistics);
            return y;
        }

        var operation = tape.Rent<Recorded>();
        (operation.X, operation.Weight, operation.Bias) = (x, weight, bias);
        operation.Saved = statistics;
        tape.Record(operation, y);
        return y;
    }

    private sealed class Recorded : Operation
    {
        public Tensor? X { get; set; }

        public Tensor? Weight { get; set; }

        public Tensor? Bias { get; set; }

        internal override void Backward(Tape tape)
        {
            var x = X!;
            var dx = tape.Gradient(x, out var accumulate);
            tape.Backend.LayerNormBackward(
                x.Rows, x.Columns, x.Data, Weight!.Data, Saved, Saved + x.Rows, Output.Gradient, dx, accumulate,
                tape.GradientToAdd(Weight), Bias is null ? null : tape.GradientToAdd(Bias));
        }

        internal override void Clear() => (X, Weight, Bias) = (null, null, null);
    }
}

/// <summary>y = x / √(mean of x² + ε) · weight over the innermost dimension, or over each head of it.</summary>
[Technique("rms-norm", Title = "Root Mean Square Layer Normalization", Paper = "arXiv:1910.07467")]
public static unsafe class RmsNormOperation
{
    /// <summary>Root-mean-square normalisation.</summary>
    /// <param name="tape">The tape.</param>
    /// <param name="x">[rows, n · columns]: each run of <c>columns</c> values is normalised for itself (n &gt; 1: the heads of queries and keys).</param>
    /// <param name="weight">[columns].</param>
    /// <param name="epsilon">ε.</param>
    /// <returns>The shape of <paramref name="x"/>.</returns>
    public static Tensor RmsNorm(this Tape tape, Tensor x, Tensor weight, float epsilon)
    {
        var columns = (int)weight.Count;
        Require.That(columns > 0 && x.Columns % columns == 0, "rms norm", x.Shape, weight.Shape);
        var rows = (int)(x.Count / columns);
        var y = tape.NewTensor(x.Shape, x.RequiresGradient || weight.RequiresGradient);
        var inverses = tape.NewFloats(rows);
        tape.Backend.RmsNorm(rows, columns, x.Data, weight.Data, epsilon, y.Data, inverses);
        if (!y.RequiresGradient)
        {
            tape.Free(inverses);
            return y;
        }

        var operation = tape.Rent<Recorded>();
        (operation.X, operation.Weight) = (x, weight);
        operation.Saved = inverses;
        tape.Record(operation, y);
        return y;
    }

    private sealed class Recorded : Operation
    {
        public Tensor? X { get; set; }

        public Tensor? Weight { get; set; }

        internal override void Backward(Tape tape)
        {
            var (x, columns) = (X!, (int)Weight!.Count);
            var dx = tape.Gradient(x, out var accumulate);
            tape.Backend.RmsNormBackward((int)(x.Count / columns), columns, x.Data, Weight.Data, Saved, Output.Gradient, dx, accumulate, tape.GradientToAdd(Weight));
        }

        internal override void Clear() => (X, Weight) = (null, null);
    }
}
