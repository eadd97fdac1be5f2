namespace Coppice.Tensors;

/// <summary>y[r, c] = x[r, c] · scale[c] (+ bias[c]) (+ residual[r, c]).</summary>
public static unsafe class ScaleColumnsOperation
{
    /// <summary>Multiplies each column by a number of its own.</summary>
    /// <param name="tape">The tape.</param>
    /// <param name="x">[rows, columns].</param>
    /// <param name="scale">As many values as <paramref name="x"/> has columns, of any shape.</param>
    /// <param name="bias">[columns] or null.</param>
    /// <param name="residual">[rows, columns] or null.</param>
    /// <returns>[rows, columns].</returns>
    public static Tensor ScaleColumns(this Tape tape, Tensor x, Tensor scale, Tensor? bias = null, Tensor? residual = null)
    {
        var (rows, columns) = (x.Rows, x.Columns);
        Require.That(scale.Count == columns, "scale columns", x.Shape, scale.Shape);
        Require.That(bias is null || bias.Count == columns, "scale columns: bias", x.Shape, bias?.Shape ?? default);
        Require.That(residual is null || residual.Count == x.Count, "scale columns: residual", x.Shape, residual?.Shape ?? default);
        var y = tape.NewTensor(x.Shape, x.RequiresGradient || scale.RequiresGradient || bias is { RequiresGradient: true } || residual is { RequiresGradient: true });
        for (var r = 0; r < rows; r++)
        {
            var row = y.Data + (long)r * columns;
            tape.Backend.MultiplyElements(columns, x.Data + (long)r * columns, scale.Data, row, accumulate: false);
            if (bias is not null) tape.Backend.Add(columns, row, bias.Data, row);
        }

        if (residual is not null) tape.Backend.Add(y.Count, y.Data, residual.Data, y.Data);
        if (!y.RequiresGradient) return y;
        var operation = tape.Rent<Recorded>();
        (operation.X, operation.Scale, operation.Bias, operation.Residual) = (x, scale, bias, residual);
        tape.Record(operation, y);
        return y;
    }

    private sealed class Recorded : Operation
    {
        public Tensor? X { get; set; }

        public Tensor? Scale { get; set; }

        public Tensor? Bias { get; set; }

        public Tensor? Residual { get; set; }

        // dx = dy · scale, dscale[c] += Σ over rows, in their order, of dy · x, db += Σ rows of dy, dresidual = dy.
        internal override void Backward(Tape tape)
        {
            var (x, scale) = (X!, Scale!);
            var (rows, columns) = (x.Rows, x.Columns);
            var dx = tape.Gradient(x, out var accumulate);
            var dscale = tape.GradientToAdd(scale);
            for (var r = 0; r < rows; r++)
            {
                var start = (long)r * columns;
                var dy = Output.Gradient + start;
                if (dx != null) tape.Backend.MultiplyElements(columns, dy, scale.Data, dx + start, accumulate);
                if (dscale != null) tape.Backend.MultiplyElements(columns, dy, x.Data + start, dscale, accumulate: true);
            }

            if (Bias is { RequiresGradient: true }) tape.Backend.AddColumnSums(rows, columns, Output.Gradient, tape.GradientToAdd(Bias));
            if (Residual is not null) tape.PassGradient(Output, Residual);
        }

        internal override void Clear() => (X, Scale, Bias, Residual) = (null, null, null, null);
    }
}
