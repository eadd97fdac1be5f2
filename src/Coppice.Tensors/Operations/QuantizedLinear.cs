namespace Coppice.Tensors;

/// <summary>Products with quantised matrices, and their rows. No gradient flows through either.</summary>
public static unsafe class QuantizedLinearOperation
{
    /// <summary>y = x · Wᵀ + b + residual, x quantised block by block: see <see cref="QuantizedProduct"/>.</summary>
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
        var y = tape.NewTensor(x.Shape.WithColumns(weight.Rows), requiresGradient: false);
        Require.That(residual is null || residual.Count == y.Count, "quantised linear: residual", y.Shape, residual?.Shape ?? default);
        RefuseGradients(tape, x, bias, residual);
        tape.Backend.Multiply(new QuantizedProduct
        {
            M = x.Rows,
            A = x.Data,
            Weights = weight.Weights,
            C = y.Data,
            Bias = bias is null ? null : bias.Data,
            Residual = residual is null ? null : residual.Data,
        });
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

    /// <summary>Refuses operands whose gradient is wanted.</summary>
    internal static void RefuseGradients(Tape tape, params ReadOnlySpan<Tensor?> tensors)
    {
        if (!tape.Recording) return;
        foreach (var tensor in tensors)
        {
            if (tensor is { RequiresGradient: true }) throw new InvalidOperationException("Quantised weights are for running a model: no gradient flows through them.");
        }
    }
}
