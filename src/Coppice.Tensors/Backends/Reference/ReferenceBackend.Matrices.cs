namespace Coppice.Tensors;

internal sealed unsafe partial class ReferenceBackend
{
    public override void Multiply(in MatrixProduct product)
    {
        var sums = new double[product.N];
        for (var i = 0; i < product.M; i++)
        {
            MultiplyRow(product, i, sums);
            for (var j = 0; j < product.N; j++)
            {
                var index = (long)i * product.StrideC + j;
                if (product.Bias != null) sums[j] += product.Bias[j];
                if (product.Residual != null) sums[j] += product.Residual[index];
                Write(ref product.C[index], sums[j], product.Accumulate);
            }
        }
    }

    public override void AddColumnSums(int rows, int columns, float* x, float* sums)
    {
        for (var c = 0; c < columns; c++)
        {
            double sum = 0;
            for (var r = 0; r < rows; r++) sum += x[(long)r * columns + c];
            sums[c] = (float)(sums[c] + sum);
        }
    }

    public override void CopyMatrix(int rows, int columns, float* source, int sourceStride, float* destination, int destinationStride, bool accumulate)
    {
        for (var r = 0; r < rows; r++)
        {
            for (var c = 0; c < columns; c++)
            {
                Write(ref destination[(long)r * destinationStride + c], source[(long)r * sourceStride + c], accumulate);
            }
        }
    }

    public override void Transpose(int rows, int columns, float* source, float* destination, bool accumulate)
    {
        for (var r = 0; r < rows; r++)
        {
            for (var c = 0; c < columns; c++)
            {
                Write(ref destination[(long)c * rows + r], source[(long)r * columns + c], accumulate);
            }
        }
    }

    /// <summary>sums[j] = Σ_k op(A)[i, k] · op(B)[k, j], walking B in the order in which it lies in memory.</summary>
    private static void MultiplyRow(in MatrixProduct product, int i, double[] sums)
    {
        Array.Clear(sums);
        var a = product.A + (product.TransposeA ? i : (long)i * product.StrideA);
        long stepA = product.TransposeA ? product.StrideA : 1;
        if (product.TransposeB)
        {
            for (var j = 0; j < product.N; j++)
            {
                var b = product.B + (long)j * product.StrideB;
                for (var k = 0; k < product.K; k++) sums[j] += (double)a[k * stepA] * b[k];
            }
        }
        else
        {
            for (var k = 0; k < product.K; k++)
            {
                double factor = a[k * stepA];
                var b = product.B + (long)k * product.StrideB;
                for (var j = 0; j < product.N; j++) sums[j] += factor * b[j];
            }
        }
    }
}
