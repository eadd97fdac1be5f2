namespace Coppice.Tensors;

/// <summary>How a weight matrix lies in memory.</summary>
public enum WeightLayout
{
    /// <summary>[outputs, inputs]: most models.</summary>
    OutputsByInputs,

    /// <summary>[inputs, outputs]: GPT-2's "Conv1D".</summary>
    InputsByOutputs,
}

/// <summary>y = x · Wᵀ + b + residual.</summary>
public static unsafe class LinearOperation
{
    /// <summary>A linear layer; bias and residual are added as the product is written.</summary>
    /// <param name="tape">The tape.</param>
    /// <param name="x">[rows, inputs].</param>
    /// <param name="weight">[outputs, inputs] or [inputs, outputs], as <paramref name="layout"/> says.</param>
    /// <param name="bias">[outputs] or null.</param>
    /// <param name="residual">[rows, outputs] or null.</param>
    /// <param name="layout">How the weight lies in memory.</param>
    /// <returns>[rows, outputs].</returns>
    public static Tensor Linear(this Tape tape, Tensor x, Tensor weight, Tensor? bias = null, Tensor? residual = null, WeightLayout layout = WeightLayout.OutputsByInputs)
    {
        var transposed = layout == WeightLayout.OutputsByInputs;
        var (outputs, inputs) = transposed ? (weight.Shape[0], weight.Shape[1]) : (weight.Shape[1], weight.Shape[0]);
        Require.That(weight.Shape.Rank == 2 && x.Columns == inputs, "linear", x.Shape, weight.Shape);
        Require.That(bias is null || bias.Count == outputs, "linear: bias", weight.Shape, bias?.Shape ?? default);
        var y = tape.NewTensor(x.Shape.WithColumns(outputs), x.RequiresGradient || weight.RequiresGradient || bias is { RequiresGradient: true } || residual is { RequiresGradient: true });
        Require.That(residual is null || residual.Count == y.Count, "linear: residual", y.Shape, residual?.Shape ?? default);
        tape.Backend.Multiply(new MatrixProduct
        {
            M = x.Rows, N = outputs, K = inputs,
            A = x.Data, StrideA = inputs,
            B = weight.Data, StrideB = weight.Columns, TransposeB = transposed,
            C = y.Data, StrideC = outputs,
            Bias = bias is null ? null : bias.Data,
            Residual = residual is null ? null : residual.Data,
        });
        if (!y.RequiresGradient) return y;
        var operation = tape.Rent<Recorded>();
        (operation.X, operation.Weight, operation.Bias, operation.Residual, operation.Transposed) = (x, weight, bias, residual, transposed);
        tape.Record(operation, y);
        return y;
    }

    private sealed class Recorded : Operation
    {
        public Tensor? X { get; set; }

        public Tensor? Weight { get; set; }

        public Tensor? Bias { get; set; }

        public Tensor? Residual { get; set; }

        public bool Transposed { get; set; }

        // dx = dy · W, dW += dyᵀ · x (or xᵀ · dy), db += Σ rows of dy, dresidual = dy.
        internal override void Backward(Tape tape)
        {
            var (x, weight) = (X!, Weight!);
            var dy = Output.Gradient;
            var (rows, inputs, outputs) = (x.Rows, x.Columns, Output.Columns);
            var dx = tape.Gradient(x, out var accumulate);
            if (dx != null)
            {
                tape.Backend.Multiply(new MatrixProduct
                {
                    M = rows, N = inputs, K = outputs,
                    A = dy, StrideA = outputs,
                    B = weight.Data, StrideB = weight.Columns, TransposeB = !Transposed,
                    C = dx, StrideC = inputs, Accumulate = accumulate,
                });
            }

            var dweight = tape.Gradient(weight, out accumulate);
            if (dweight != null)
            {
                var (first, second) = Transposed ? ((nint)dy, (nint)x.Data) : ((nint)x.Data, (nint)dy);
                var (m, n) = Transposed ? (outputs, inputs) : (inputs, outputs);
                tape.Backend.Multiply(new MatrixProduct
                {
                    M = m, N = n, K = rows,
                    A = (float*)first, StrideA = m, TransposeA = true,
                    B = (float*)second, StrideB = n,
                    C = dweight, StrideC = n, Accumulate = accumulate,
                });
            }

            if (Bias is { RequiresGradient: true }) tape.Backend.AddColumnSums(rows, outputs, dy, tape.GradientToAdd(Bias));
            if (Residual is not null) tape.PassGradient(Output, Residual);
        }

        internal override void Clear() => (X, Weight, Bias, Residual) = (null, null, null, null);
    }
}
