namespace Coppice.Tensors;

/// <summary>Sum and mean of all elements.</summary>
public static unsafe class ReductionOperations
{
    /// <summary>The sum of all elements, in a fixed order.</summary>
    /// <param name="tape">The tape.</param>
    /// <param name="x">Any shape.</param>
    /// <returns>[1].</returns>
    public static Tensor Sum(this Tape tape, Tensor x) => Run(tape, x, 1);

    /// <summary>The mean of all elements.</summary>
    /// <param name="tape">The tape.</param>
    /// <param name="x">Any shape, not empty.</param>
    /// <returns>[1].</returns>
    public static Tensor Mean(this Tape tape, Tensor x)
    {
        ArgumentOutOfRangeException.ThrowIfZero(x.Count);
        return Run(tape, x, 1f / x.Count);
    }

    private static Tensor Run(Tape tape, Tensor x, float factor)
    {
        var y = tape.NewTensor(new Shape(1), x.RequiresGradient);
        tape.Backend.Sum(x.Count, x.Data, factor, y.Data);
        if (!y.RequiresGradient) return y;
        var operation = tape.Rent<Recorded>();
        (operation.X, operation.Factor) = (x, factor);
        tape.Record(operation, y);
        return y;
    }

    private sealed class Recorded : Operation
    {
        public Tensor? X { get; set; }

        public float Factor { get; set; }

        internal override void Backward(Tape tape)
        {
            var dx = tape.Gradient(X!, out var accumulate);
            tape.Backend.Broadcast(X!.Count, Output.Gradient, Factor, dx, accumulate);
        }

        internal override void Clear() => X = null;
    }
}
