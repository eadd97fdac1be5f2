using Coppice.Foundation;

namespace Coppice.Tensors;

/// <summary>Products with quantised matrices, through which gradients flow to what is multiplied, and rows of them. The matrices themselves have no gradient.</summary>
[Technique("qlora", Title = "QLoRA: Efficient Finetuning of Quantized LLMs", Paper = "arXiv:2305.14314")]
public static unsafe class QuantizedLinearOperation
{
    // As many as the sum of a dense product takes at a time: the values of a tile stay in a cache.
    private const int RowsOfATile = 512;

    /// <summary>
    /// y = x · Wᵀ + b + residual, x quantised block by block: see <see cref="QuantizedProduct"/>. The gradient is that of the product with the weights' values in
    /// float32, as if x had not been rounded.
    /// </summary>
    /// <param name="tape">The tape.</param>
    /// <param name="x">[rows, inputs].</param>
    /// <param name="weight">[outputs, inputs].</param>
    /// <param name="bias">[outputs] or null.</param>
    /// <param name="residual">[rows, outputs] or null.</param>
    /// <returns>[rows, outputs].</returns>
    public static Tensor Linear(this Tape tape, Tensor x, QuantizedMatrix weight, Tensor? bias = null, Tensor? residual = null)
    {
        var shape = new Shape(weight.Rows, weight.Columns);
        Require.That(x.Columns == weight.Columns, "quantised linear", x.Shape, shape);
        Require.That(bias is null || bias.Count == weight.Rows, "quantised linear: bias", shape, bias?.Shape ?? default);
        var y = tape.NewTensor(x.Shape.WithColumns(weight.Rows), x.RequiresGradient || bias is { RequiresGradient: true } || residual is { RequiresGradient: true });
        Require.That(residual is null || residual.Count == y.Count, "quantised linear: residual", y.Shape, residual?.Shape ?? default);
        tape.Backend.Multiply(new QuantizedProduct
        {
            M = x.Rows,
            A = x.Data,
            Weights = weight.Weights,
            C = y.Data,
            Bias = bias is null ? null : bias.Data,
            Residual = residual is null ? null : residual.Data,
        });
        if (!y.RequiresGradient) return y;
        var operation = tape.Rent<Recorded>();
        (operation.X, operation.Weight, operation.Bias, operation.Residual) = (x, weight, bias, residual);
        tape.Record(operation, y);
        return y;
    }

    /// <summary>y[r] = table[ids[r]].</summary>
    /// <param name="tape">The tape.</param>
    /// <param name="ids">[rows]; the caller has checked that each is a row of the table.</param>
    /// <param name="table">[any, columns].</param>
    /// <returns>[rows, columns].</returns>
    public static Tensor Embedding(this Tape tape, IntTensor ids, QuantizedMatrix table)
    {
        var y = tape.NewTensor(new Shape(ids.Count, table.Columns), requiresGradient: false);
        tape.Backend.Gather(ids.Count, ids.Data, table.Weights, y.Data);
        return y;
    }

    /// <summary>
    /// dx (+)= dy · W: W becomes float32 a few hundred rows at a time, and the sum over those goes on from one to the next. The sizes alone decide over its order.
    /// </summary>
    /// <param name="tape">Holds the rows for the time being.</param>
    /// <param name="rows">Rows of dy and dx.</param>
    /// <param name="dy">[rows, outputs].</param>
    /// <param name="weight">[outputs, inputs].</param>
    /// <param name="dx">[rows, inputs].</param>
    /// <param name="accumulate">Add instead of overwriting.</param>
    internal static void MultiplyByWeight(Tape tape, int rows, float* dy, QuantizedMatrix weight, float* dx, bool accumulate)
    {
        var (outputs, inputs) = (weight.Rows, weight.Columns);
        var tile = tape.NewFloats((long)Math.Min(RowsOfATile, outputs) * inputs);
        for (var first = 0; first < outputs; first += RowsOfATile)
        {
            var count = Math.Min(RowsOfATile, outputs - first);
            tape.Backend.Dequantize(first, count, weight.Weights, tile);
            tape.Backend.Multiply(new MatrixProduct
            {
                M = rows, N = inputs, K = count,
                A = dy + first, StrideA = outputs,
                B = tile, StrideB = inputs,
                C = dx, StrideC = inputs, Accumulate = accumulate || first > 0,
            });
        }

        tape.Free(tile);
    }

    private sealed class Recorded : Operation
    {
        public Tensor? X { get; set; }

        public QuantizedMatrix? Weight { get; set; }

        public Tensor? Bias { get; set; }

        public Tensor? Residual { get; set; }

        // dx = dy · W, db += Σ rows of dy, dresidual = dy. That x was rounded counts as nothing.
        internal override void Backward(Tape tape)
        {
            var dx = tape.Gradient(X!, out var accumulate);
            if (dx != null) MultiplyByWeight(tape, Output.Rows, Output.Gradient, Weight!, dx, accumulate);
            if (Bias is { RequiresGradient: true }) tape.Backend.AddColumnSums(Output.Rows, Output.Columns, Output.Gradient, tape.GradientToAdd(Bias));
            if (Residual is not null) tape.PassGradient(Output, Residual);
        }

        internal override void Clear() => (X, Weight, Bias, Residual) = (null, null, null, null);
    }
}
