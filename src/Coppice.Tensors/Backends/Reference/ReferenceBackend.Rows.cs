namespace Coppice.Tensors;

internal sealed unsafe partial class ReferenceBackend
{
    public override void LayerNorm(int rows, int columns, float* x, float* weight, float* bias, float epsilon, float* y, float* means, float* inverses)
    {
        for (var r = 0; r < rows; r++, x += columns, y += columns)
        {
            double mean = 0, variance = 0;
            for (var c = 0; c < columns; c++) mean += x[c] / (double)columns;
            for (var c = 0; c < columns; c++) variance += (x[c] - mean) * (x[c] - mean) / columns;
            var inverse = 1 / Math.Sqrt(variance + epsilon);
            for (var c = 0; c < columns; c++) y[c] = (float)((x[c] - mean) * inverse * weight[c] + (bias == null ? 0 : bias[c]));
            means[r] = (float)mean;
            inverses[r] = (float)inverse;
        }
    }

    public override void LayerNormBackward(int rows, int columns, float* x, float* weight, float* means, float* inverses, float* dy, float* dx, bool accumulate, float* dweight, float* dbias)
    {
        var normalized = new double[columns];
        var weightSums = new double[columns];
        for (var r = 0; r < rows; r++)
        {
            var offset = (long)r * columns;
            for (var c = 0; c < columns; c++)
            {
                normalized[c] = ((double)x[offset + c] - means[r]) * inverses[r];
                weightSums[c] += dy[offset + c] * normalized[c];
            }

            // x̂ moves with each element through the mean and through the variance: both are projected out of the gradient of x̂.
            if (dx != null) NormBackward(columns, normalized, weight, inverses[r], subtractMean: true, dy + offset, dx + offset, accumulate);
        }

        AddTo(dweight, weightSums);
        if (dbias != null) AddColumnSums(rows, columns, dy, dbias);
    }

    public override void RmsNorm(int rows, int columns, float* x, float* weight, float epsilon, float* y, float* inverses)
    {
        for (var r = 0; r < rows; r++, x += columns, y += columns)
        {
            double meanSquare = 0;
            for (var c = 0; c < columns; c++) meanSquare += (double)x[c] * x[c] / columns;
            var inverse = 1 / Math.Sqrt(meanSquare + epsilon);
            for (var c = 0; c < columns; c++) y[c] = (float)(x[c] * inverse * weight[c]);
            inverses[r] = (float)inverse;
        }
    }

    public override void RmsNormBackward(int rows, int columns, float* x, float* weight, float* inverses, float* dy, float* dx, bool accumulate, float* dweight)
    {
        var normalized = new double[columns];
        var weightSums = new double[columns];
        for (var r = 0; r < rows; r++)
        {
            var offset = (long)r * columns;
            for (var c = 0; c < columns; c++)
            {
                normalized[c] = (double)x[offset + c] * inverses[r];
                weightSums[c] += dy[offset + c] * normalized[c];
            }

            if (dx != null) NormBackward(columns, normalized, weight, inverses[r], subtractMean: false, dy + offset, dx + offset, accumulate);
        }

        AddTo(dweight, weightSums);
    }

    public override void Softmax(int rows, int columns, float* x, float* y, bool logarithm)
    {
        for (var r = 0; r < rows; r++, x += columns, y += columns)
        {
            var logSumExp = LogSumExp(columns, x, 1);
            for (var c = 0; c < columns; c++) y[c] = (float)(logarithm ? x[c] - logSumExp : Math.Exp(x[c] - logSumExp));
        }
    }

    public override void SoftmaxBackward(int rows, int columns, float* y, float* dy, float* dx, bool logarithm, bool accumulate)
    {
        for (var r = 0; r < rows; r++, y += columns, dy += columns, dx += columns)
        {
            double sum = 0;
            for (var c = 0; c < columns; c++) sum += logarithm ? dy[c] : (double)dy[c] * y[c];
            for (var c = 0; c < columns; c++) Write(ref dx[c], logarithm ? dy[c] - Math.Exp(y[c]) * sum : y[c] * (dy[c] - sum), accumulate);
        }
    }

    public override void Sum(long count, float* x, float factor, float* y)
    {
        double sum = 0;
        for (var i = 0L; i < count; i++) sum += x[i];
        *y = (float)(sum * factor);
    }

    public override double SumOfSquares(float* x, long count)
    {
        double sum = 0;
        for (var i = 0L; i < count; i++) sum += (double)x[i] * x[i];
        return sum;
    }

    /// <summary>dx (+)= (g - mean g - x̂ · mean(g x̂)) / σ with g = dy · weight, for one row; the root-mean-square norm has no mean g.</summary>
    private static void NormBackward(int columns, double[] normalized, float* weight, double inverse, bool subtractMean, float* dy, float* dx, bool accumulate)
    {
        double mean = 0, projection = 0;
        for (var c = 0; c < columns; c++)
        {
            var gradient = (double)dy[c] * weight[c];
            if (subtractMean) mean += gradient / columns;
            projection += gradient * normalized[c] / columns;
        }

        for (var c = 0; c < columns; c++)
        {
            Write(ref dx[c], ((double)dy[c] * weight[c] - mean - normalized[c] * projection) * inverse, accumulate);
        }
    }

    /// <summary>log Σ e^(x / temperature), with the largest element taken out so that nothing overflows.</summary>
    private static double LogSumExp(int columns, float* x, double temperature)
    {
        var largest = double.NegativeInfinity;
        for (var c = 0; c < columns; c++) largest = Math.Max(largest, x[c] / temperature);
        double sum = 0;
        for (var c = 0; c < columns; c++) sum += Math.Exp(x[c] / temperature - largest);
        return largest + Math.Log(sum);
    }

    private static void AddTo(float* destination, double[] values)
    {
        if (destination == null) return;
        for (var i = 0; i < values.Length; i++) destination[i] = (float)(destination[i] + values[i]);
    }
}
