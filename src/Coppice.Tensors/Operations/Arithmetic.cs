namespace Coppice.Tensors;

/// <summary>Sums, products and multiples of tensors of one shape.</summary>
public static unsafe class ArithmeticOperations
{
    /// <summary>z = x + y.</summary>
    /// <param name="tape">The tape.</param>
    /// <param name="x">Any shape.</param>
    /// <param name="y">The same shape.</param>
    /// <returns>The same shape.</returns>
    public static Tensor Add(this Tape tape, Tensor x, Tensor y)
    {
        Require.That(x.Shape == y.Shape, "add", x.Shape, y.Shape);
        var z = tape.NewTensor(x.Shape, x.RequiresGradient || y.RequiresGradient);
        tape.Backend.Add(x.Count, x.Data, y.Data, z.Data);
        if (!z.RequiresGradient) return z;
        var operation = tape.Rent<RecordedSum>();
        (operation.X, operation.Y) = (x, y);
        tape.Record(operation, z);
        return z;
    }

    /// <summary>z = x · y, element by element.</summary>
    /// <param name="tape">The tape.</param>
    /// <param name="x">Any shape.</param>
    /// <param name="y">The same shape.</param>
    /// <returns>The same shape.</returns>
    public static Tensor Multiply(this Tape tape, Tensor x, Tensor y)
    {
        Require.That(x.Shape == y.Shape, "multiply", x.Shape, y.Shape);
        var z = tape.NewTensor(x.Shape, x.RequiresGradient || y.RequiresGradient);
        tape.Backend.MultiplyElements(x.Count, x.Data, y.Data, z.Data, accumulate: false);
        if (!z.RequiresGradient) return z;
        var operation = tape.Rent<RecordedProduct>();
        (operation.X, operation.Y) = (x, y);
        tape.Record(operation, z);
        return z;
    }

    /// <summary>y = factor · x.</summary>
    /// <param name="tape">The tape.</param>
    /// <param name="x">Any shape.</param>
    /// <param name="factor">The factor.</param>
    /// <returns>The same shape.</returns>
    public static Tensor Scale(this Tape tape, Tensor x, float factor)
    {
        var y = tape.NewTensor(x.Shape, x.RequiresGradient);
        tape.Backend.ScaleAdd(x.Count, factor, x.Data, 0, y.Data);
        if (!y.RequiresGradient) return y;
        var operation = tape.Rent<RecordedScale>();
        (operation.X, operation.Factor) = (x, factor);
        tape.Record(operation, y);
        return y;
    }

    /// <summary>y = condition != 0 ? a : b, element by element.</summary>
    /// <param name="tape">The tape.</param>
    /// <param name="condition">Any shape; no gradient flows to it.</param>
    /// <param name="a">The same shape.</param>
    /// <param name="b">The same shape.</param>
    /// <returns>The same shape.</returns>
    public static Tensor Where(this Tape tape, Tensor condition, Tensor a, Tensor b)
    {
        Require.That(condition.Shape == a.Shape && a.Shape == b.Shape, "where", a.Shape, b.Shape);
        var y = tape.NewTensor(a.Shape, a.RequiresGradient || b.RequiresGradient);
        tape.Backend.Select(a.Count, condition.Data, a.Data, b.Data, y.Data, accumulate: false);
        if (!y.RequiresGradient) return y;
        var operation = tape.Rent<RecordedWhere>();
        (operation.Condition, operation.A, operation.B) = (condition, a, b);
        tape.Record(operation, y);
        return y;
    }

    private sealed class RecordedSum : Operation
    {
        public Tensor? X { get; set; }

        public Tensor? Y { get; set; }

        internal override void Backward(Tape tape)
        {
            // The copy first: handing on is the last use.
            tape.AddGradient(Output, Y!);
            tape.PassGradient(Output, X!);
        }

        internal override void Clear() => (X, Y) = (null, null);
    }

    private sealed class RecordedProduct : Operation
    {
        public Tensor? X { get; set; }

        public Tensor? Y { get; set; }

        internal override void Backward(Tape tape)
        {
            var dx = tape.Gradient(X!, out var accumulate);
            if (dx != null) tape.Backend.MultiplyElements(X!.Count, Output.Gradient, Y!.Data, dx, accumulate);
            var dy = tape.Gradient(Y!, out accumulate);
            if (dy != null) tape.Backend.MultiplyElements(X!.Count, Output.Gradient, X.Data, dy, accumulate);
        }

        internal override void Clear() => (X, Y) = (null, null);
    }

    private sealed class RecordedScale : Operation
    {
        public Tensor? X { get; set; }

        public float Factor { get; set; }

        internal override void Backward(Tape tape)
        {
            var dx = tape.Gradient(X!, out var accumulate);
            tape.Backend.ScaleAdd(X!.Count, Factor, Output.Gradient, accumulate ? 1 : 0, dx);
        }

        internal override void Clear() => X = null;
    }

    private sealed class RecordedWhere : Operation
    {
        public Tensor? Condition { get; set; }

        public Tensor? A { get; set; }

        public Tensor? B { get; set; }

        internal override void Backward(Tape tape)
        {
            var da = tape.Gradient(A!, out var accumulate);
            if (da != null) tape.Backend.Select(A!.Count, Condition!.Data, Output.Gradient, null, da, accumulate);
            var db = tape.Gradient(B!, out accumulate);
            if (db != null) tape.Backend.Select(B!.Count, Condition!.Data, null, Output.Gradient, db, accumulate);
        }

        internal override void Clear() => (Condition, A, B) = (null, null, null);
    }
}
