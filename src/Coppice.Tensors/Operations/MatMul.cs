namespace Coppice.Tensors;

/// <summary>z = x · y for matrices.</summary>
public static unsafe class MatMulOperation
{
    /// <summary>The product of two matrices.</summary>
    /// <param name="tape">The tape.</param>
    /// <param name="x">[m, k].</param>
    /// <param name="y">[k, n].</param>
    /// <returns>[m, n].</returns>
    public static Tensor MatMul(this Tape tape, Tensor x, Tensor y)
    {
        Require.That(x.Shape.Rank == 2 && y.Shape.Rank == 2 && x.Columns == y.Rows, "matrix product", x.Shape, y.Shape);
        var z = tape.NewTensor(new Shape(x.Rows, y.Columns), x.RequiresGradient || y.RequiresGradient);
        tape.Backend.Multiply(new MatrixProduct
        {
            M = x.Rows, N = y.Columns, K = x.Columns,
            A = x.Data, StrideA = x.Columns,
            B = y.Data, StrideB = y.Columns,
            C = z.Data, StrideC = y.Columns,
        });
        if (!z.RequiresGradient) return z;
        var operation = tape.Rent<Recorded>();
        (operation.X, operation.Y) = (x, y);
        tape.Record(operation, z);
        return z;
    }

    private sealed class Recorded : Operation
    {
        public Tensor? X { get; set; }

        public Tensor? Y { get; set; }

        // dx = dz · yᵀ, dy = xᵀ · dz.
        internal override void Backward(Tape tape)
        {
            var (x, y) = (X!, Y!);
            var dz = Output.Gradient;
            var dx = tape.Gradient(x, out var accumulate);
            if (dx != null)
            {
                tape.Backend.Multiply(new MatrixProduct
                {
                    M = x.Rows, N = x.Columns, K = y.Columns,
                    A = dz, StrideA = y.Columns,
                    B = y.Data, StrideB = y.Columns, TransposeB = true,
                    C = dx, StrideC = x.Columns, Accumulate = accumulate,
                });
            }

            var dy = tape.Gradient(y, out accumulate);
            if (dy != null)
            {
                tape.Backend.Multiply(new MatrixProduct
                {
                    M = y.Rows, N = y.Columns, K = x.Rows,
                    A = x.Data, StrideA = x.Columns, TransposeA = true,
                    B = dz, StrideB = y.Columns,
                    C = dy, StrideC = y.Columns, Accumulate = accumulate,
                });
            }
        }

        internal override void Clear() => (X, Y) = (null, null);
    }
}
