namespace Coppice.Tensors;

/// <summary>y = f(x), element by element.</summary>
public static unsafe class PointwiseOperation
{
    /// <summary>Applies a function to each element.</summary>
    /// <param name="tape">The tape.</param>
    /// <param name="x">Any shape.</param>
    /// <param name="function">The function.</param>
    /// <returns>The shape of <paramref name="x"/>.</returns>
    public static Tensor Apply(this Tape tape, Tensor x, PointwiseFunction function)
    {
        var y = tape.NewTensor(x.Shape, x.RequiresGradient);
        tape.Backend.Apply(function, x.Count, x.Data, y.Data);
        if (!y.RequiresGradient) return y;
        var operation = tape.Rent<Recorded>();
        (operation.X, operation.Function) = (x, function);
        y.ReadBackward = true;
        tape.Record(operation, y);
        return y;
    }

    private sealed class Recorded : Operation
    {
        public Tensor? X { get; set; }

        public PointwiseFunction Function { get; set; }

        internal override void Backward(Tape tape)
        {
            var x = X!;
            if (x.Gradient == null && !Output.Kept)
            {
                // In place: the output's gradient has no other use.
                tape.Backend.ApplyBackward(Function, x.Count, x.Data, Output.Data, Output.Gradient, Output.Gradient, accumulate: false);
                tape.PassGradient(Output, x);
                return;
            }

            var dx = tape.Gradient(x, out var accumulate);
            tape.Backend.ApplyBackward(Function, x.Count, x.Data, Output.Data, Output.Gradient, dx, accumulate);
        }

        internal override void Clear() => X = null;
    }
}
