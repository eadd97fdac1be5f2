namespace Coppice.Tensors;

/// <summary>Softmax over the innermost dimension, or its logarithm.</summary>
public static unsafe class SoftmaxOperation
{
    /// <summary>e^x divided by its sum over each row.</summary>
    /// <param name="tape">The tape.</param>
    /// <param name="x">[rows, columns].</param>
    /// <returns>[rows, columns].</returns>
    public static Tensor Softmax(this Tape tape, Tensor x) => Run(tape, x, logarithm: false);

    /// <summary>The logarithm of the softmax of each row.</summary>
    /// <param name="tape">The tape.</param>
    /// <param name="x">[rows, columns].</param>
    /// <returns>[rows, columns].</returns>
    public static Tensor LogSoftmax(this Tape tape, Tensor x) => Run(tape, x, logarithm: true);

    private static Tensor Run(Tape tape, Tensor x, bool logarithm)
    {
        var y = tape.NewTensor(x.Shape, x.RequiresGradient);
        tape.Backend.Softmax(x.Rows, x.Columns, x.Data, y.Data, logarithm);
        if (!y.RequiresGradient) return y;
        var operation = tape.Rent<Recorded>();
        (operation.X, operation.Logarithm) = (x, logarithm);
        y.ReadBackward = true;
        tape.Record(operation, y);
        return y;
    }

    private sealed class Recorded : Operation
    {
        public Tensor? X { get; set; }

        public bool Logarithm { get; set; }

        internal override void Backward(Tape tape)
        {
            var dx = tape.Gradient(X!, out var accumulate);
            tape.Backend.SoftmaxBackward(X!.Rows, X.Columns, Output.Data, Output.Gradient, dx, Logarithm, accumulate);
        }

        internal override void Clear() => X = null;
    }
}
