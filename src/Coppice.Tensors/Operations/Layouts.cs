namespace Coppice.Tensors;

/// <summary>Transposition, slices and concatenations of matrices, and new shapes for the same elements.</summary>
public static unsafe class LayoutOperations
{
    /// <summary>y[c, r] = x[r, c].</summary>
    /// <param name="tape">The tape.</param>
    /// <param name="x">[rows, columns].</param>
    /// <returns>[columns, rows].</returns>
    public static Tensor Transpose(this Tape tape, Tensor x)
    {
        Require.That(x.Shape.Rank == 2, "transpose", x.Shape, x.Shape);
        var y = tape.NewTensor(new Shape(x.Columns, x.Rows), x.RequiresGradient);
        tape.Backend.Transpose(x.Rows, x.Columns, x.Data, y.Data, accumulate: false);
        if (!y.RequiresGradient) return y;
        var operation = tape.Rent<RecordedTranspose>();
        operation.X = x;
        tape.Record(operation, y);
        return y;
    }

    /// <summary>The same elements under another shape.</summary>
    /// <param name="tape">The tape.</param>
    /// <param name="x">Any shape.</param>
    /// <param name="shape">A shape of as many elements.</param>
    /// <returns>The new shape, over the same memory.</returns>
    public static Tensor Reshape(this Tape tape, Tensor x, Shape shape)
    {
        Require.That(x.Count == shape.Count, "reshape", x.Shape, shape);
        var y = tape.NewView(shape, x.RequiresGradient, x.Data);
        y.ViewOf = x.ViewOf ?? x;
        if (!y.RequiresGradient) return y;
        var operation = tape.Rent<RecordedReshape>();
        operation.X = x;
        tape.Record(operation, y);
        return y;
    }

    /// <summary>Some rows of a matrix.</summary>
    /// <param name="tape">The tape.</param>
    /// <param name="x">[rows, columns].</param>
    /// <param name="start">The first row.</param>
    /// <param name="count">The number of rows.</param>
    /// <returns>[count, columns].</returns>
    public static Tensor SliceRows(this Tape tape, Tensor x, int start, int count) => Slice(tape, x, start, count, 0, x.Columns);

    /// <summary>Some columns of a matrix.</summary>
    /// <param name="tape">The tape.</param>
    /// <param name="x">[rows, columns].</param>
    /// <param name="start">The first column.</param>
    /// <param name="count">The number of columns.</param>
    /// <returns>[rows, count].</returns>
    public static Tensor SliceColumns(this Tape tape, Tensor x, int start, int count) => Slice(tape, x, 0, x.Rows, start, count);

    /// <summary>One matrix above the other.</summary>
    /// <param name="tape">The tape.</param>
    /// <param name="x">[rows of x, columns].</param>
    /// <param name="y">[rows of y, columns].</param>
    /// <returns>[rows of x + rows of y, columns].</returns>
    public static Tensor ConcatenateRows(this Tape tape, Tensor x, Tensor y)
    {
        Require.That(x.Columns == y.Columns, "concatenate rows", x.Shape, y.Shape);
        return Concatenate(tape, x, y, new Shape(x.Rows + y.Rows, x.Columns), (long)x.Rows * x.Columns);
    }

    /// <summary>One matrix beside the other.</summary>
    /// <param name="tape">The tape.</param>
    /// <param name="x">[rows, columns of x].</param>
    /// <param name="y">[rows, columns of y].</param>
    /// <returns>[rows, columns of x + columns of y].</returns>
    public static Tensor ConcatenateColumns(this Tape tape, Tensor x, Tensor y)
    {
        Require.That(x.Rows == y.Rows, "concatenate columns", x.Shape, y.Shape);
        return Concatenate(tape, x, y, new Shape(x.Rows, x.Columns + y.Columns), x.Columns);
    }

    private static Tensor Slice(Tape tape, Tensor x, int row, int rows, int column, int columns)
    {
        Require.That(row >= 0 && rows >= 0 && row <= x.Rows - rows && column >= 0 && columns >= 0 && column <= x.Columns - columns, "slice", x.Shape, new Shape(rows, columns));
        var y = tape.NewTensor(new Shape(rows, columns), x.RequiresGradient);
        var offset = (long)row * x.Columns + column;
        tape.Backend.CopyMatrix(rows, columns, x.Data + offset, x.Columns, y.Data, columns, accumulate: false);
        if (!y.RequiresGradient) return y;
        var operation = tape.Rent<RecordedSlice>();
        (operation.X, operation.Offset) = (x, offset);
        tape.Record(operation, y);
        return y;
    }

    private static Tensor Concatenate(Tape tape, Tensor x, Tensor y, Shape shape, long offset)
    {
        var z = tape.NewTensor(shape, x.RequiresGradient || y.RequiresGradient);
        tape.Backend.CopyMatrix(x.Rows, x.Columns, x.Data, x.Columns, z.Data, z.Columns, accumulate: false);
        tape.Backend.CopyMatrix(y.Rows, y.Columns, y.Data, y.Columns, z.Data + offset, z.Columns, accumulate: false);
        if (!z.RequiresGradient) return z;
        var operation = tape.Rent<RecordedConcatenation>();
        (operation.X, operation.Y, operation.Offset) = (x, y, offset);
        tape.Record(operation, z);
        return z;
    }

    private sealed class RecordedTranspose : Operation
    {
        public Tensor? X { get; set; }

        internal override void Backward(Tape tape)
        {
            var dx = tape.Gradient(X!, out var accumulate);
            tape.Backend.Transpose(Output.Rows, Output.Columns, Output.Gradient, dx, accumulate);
        }

        internal override void Clear() => X = null;
    }

    private sealed class RecordedReshape : Operation
    {
        public Tensor? X { get; set; }

        internal override void Backward(Tape tape) => tape.PassGradient(Output, X!);

        internal override void Clear() => X = null;
    }

    private sealed class RecordedSlice : Operation
    {
        public Tensor? X { get; set; }

        public long Offset { get; set; }

        internal override void Backward(Tape tape)
        {
            // The rest of x has no gradient from here: zero, unless one has flowed.
            var dx = tape.GradientToAdd(X!);
            tape.Backend.CopyMatrix(Output.Rows, Output.Columns, Output.Gradient, Output.Columns, dx + Offset, X!.Columns, accumulate: true);
        }

        internal override void Clear() => X = null;
    }

    private sealed class RecordedConcatenation : Operation
    {
        public Tensor? X { get; set; }

        public Tensor? Y { get; set; }

        public long Offset { get; set; }

        internal override void Backward(Tape tape)
        {
            var dx = tape.Gradient(X!, out var accumulate);
            if (dx != null) tape.Backend.CopyMatrix(X!.Rows, X.Columns, Output.Gradient, Output.Columns, dx, X.Columns, accumulate);
            var dy = tape.Gradient(Y!, out accumulate);
            if (dy != null) tape.Backend.CopyMatrix(Y!.Rows, Y.Columns, Output.Gradient + Offset, Output.Columns, dy, Y.Columns, accumulate);
        }

        internal override void Clear() => (X, Y) = (null, null);
    }
}
