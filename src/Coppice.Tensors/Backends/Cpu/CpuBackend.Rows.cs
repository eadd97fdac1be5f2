namespace Coppice.Tensors;

// Operations on rows: norms, softmax, sums.
internal sealed unsafe partial class CpuBackend<S, V>
{
    // Elements that are summed as one unit: partial sums of such units are added in order, whichever thread took them.
    private const int SumUnit = 1 << 14;

    public override void LayerNorm(int rows, int columns, float* x, float* weight, float* bias, float epsilon, float* y, float* means, float* inverses)
    {
        var job = new LayerNormJob
        {
            Rows = rows, Columns = columns, X = x, Weight = weight, Bias = bias, Epsilon = epsilon, Y = y, Means = means, Inverses = inverses,
            RowsPerItem = RowsPerItem(columns),
        };
        _pool.Run(ref job, (rows + job.RowsPerItem - 1) / job.RowsPerItem);
    }

    public override void LayerNormBackward(int rows, int columns, float* x, float* weight, float* means, float* inverses, float* dy, float* dx, bool accumulate, float* dweight, float* dbias)
    {
        if (dx != null)
        {
            var job = new NormBackwardJob
            {
                Rows = rows, Columns = columns, X = x, Weight = weight, Means = means, Inverses = inverses, Dy = dy, Dx = dx, Accumulate = accumulate,
                RowsPerItem = RowsPerItem(columns),
            };
            _pool.Run(ref job, (rows + job.RowsPerItem - 1) / job.RowsPerItem);
        }

        if (dweight != null) NormWeightGradient(rows, columns, x, means, inverses, dy, dweight);
        if (dbias != null) AddColumnSums(rows, columns, dy, dbias);
    }

    public override void RmsNorm(int rows, int columns, float* x, float* weight, float epsilon, float* y, float* inverses)
    {
        var job = new RmsNormJob { Rows = rows, Columns = columns, X = x, Weight = weight, Epsilon = epsilon, Y = y, Inverses = inverses, RowsPerItem = RowsPerItem(columns) };
        _pool.Run(ref job, (rows + job.RowsPerItem - 1) / job.RowsPerItem);
    }

    public override void RmsNormBackward(int rows, int columns, float* x, float* weight, float* inverses, float* dy, float* dx, bool accumulate, float* dweight)
    {
        if (dx != null)
        {
            var job = new NormBackwardJob
            {
                Rows = rows, Columns = columns, X = x, Weight = weight, Means = null, Inverses = inverses, Dy = dy, Dx = dx, Accumulate = accumulate,
                RowsPerItem = RowsPerItem(columns),
            };
            _pool.Run(ref job, (rows + job.RowsPerItem - 1) / job.RowsPerItem);
        }

        if (dweight != null) NormWeightGradient(rows, columns, x, null, inverses, dy, dweight);
    }

    public override void Softmax(int rows, int columns, float* x, float* y, bool logarithm)
    {
        var job = new SoftmaxJob { Rows = rows, Columns = columns, X = x, Y = y, Logarithm = logarithm, RowsPerItem = RowsPerItem(columns) };
        _pool.Run(ref job, (rows + job.RowsPerItem - 1) / job.RowsPerItem);
    }

    public override void SoftmaxBackward(int rows, int columns, float* y, float* dy, float* dx, bool logarithm, bool accumulate)
    {
        var job = new SoftmaxBackwardJob { Rows = rows, Columns = columns, Y = y, Dy = dy, Dx = dx, Logarithm = logarithm, Accumulate = accumulate, RowsPerItem = RowsPerItem(columns) };
        _pool.Run(ref job, (rows + job.RowsPerItem - 1) / job.RowsPerItem);
    }

    public override void Sum(long count, float* x, float factor, float* y) => *y = (float)(SumUnits(x, count, squares: false) * factor);

    public override double SumOfSquares(float* x, long count) => SumUnits(x, count, squares: true);

    private double SumUnits(float* x, long count, bool squares)
    {
        var units = checked((int)((count + SumUnit - 1) / SumUnit));
        if (units == 0) return 0;
        _shared.Reserve(units * sizeof(double));
        var job = new SumJob { Count = count, X = x, Squares = squares, Sums = (double*)_shared.Address };
        _pool.Run(ref job, units);
        var sum = 0.0;
        for (var i = 0; i < units; i++) sum += job.Sums[i];
        return sum;
    }

    private void NormWeightGradient(int rows, int columns, float* x, float* means, float* inverses, float* dy, float* dweight)
    {
        var job = new NormWeightJob { Rows = rows, Columns = columns, X = x, Means = means, Inverses = inverses, Dy = dy, DWeight = dweight };
        _pool.Run(ref job, (columns + ColumnsPerItem - 1) / ColumnsPerItem);
    }

    private static float SumRow(float* x, int count)
    {
        var sum = S.Zero;
        var i = 0;
        for (; i <= count - S.Width; i += S.Width) sum = S.Add(sum, S.Load(x + i));
        var total = S.Sum(sum);
        for (; i < count; i++) total += x[i];
        return total;
    }

    /// <summary>Σ (x - mean)².</summary>
    private static float SumSquaredDeviations(float* x, int count, float mean)
    {
        var sum = S.Zero;
        var center = S.Create(mean);
        var i = 0;
        for (; i <= count - S.Width; i += S.Width)
        {
            var deviation = S.Subtract(S.Load(x + i), center);
            sum = S.MultiplyAdd(deviation, deviation, sum);
        }

        var total = S.Sum(sum);
        for (; i < count; i++) total += (x[i] - mean) * (x[i] - mean);
        return total;
    }

    private static float MaxOfRow(float* x, int count)
    {
        var i = 0;
        var max = float.NegativeInfinity;
        if (count >= S.Width)
        {
            var maxima = S.Load(x);
            for (i = S.Width; i <= count - S.Width; i += S.Width) maxima = S.Max(maxima, S.Load(x + i));
            max = S.MaxLane(maxima);
        }

        for (; i < count; i++) max = MathF.Max(max, x[i]);
        return max;
    }

    /// <summary>y = e^(scale · x - shift); returns the sum.</summary>
    private static float ExpRow(float* x, float* y, int count, float scale, float shift)
    {
        var sum = S.Zero;
        var factor = S.Create(scale);
        var minusShift = S.Create(-shift);
        var i = 0;
        for (; i <= count - S.Width; i += S.Width)
        {
            var e = VectorMath<S, V>.Exp(S.MultiplyAdd(S.Load(x + i), factor, minusShift));
            S.Store(e, y + i);
            sum = S.Add(sum, e);
        }

        var total = S.Sum(sum);
        var rest = count - i;
        if (rest > 0)
        {
            var e = VectorMath<S, V>.Exp(S.MultiplyAdd(Lanes<S, V>.LoadPart(x + i, rest, float.NegativeInfinity), factor, minusShift));
            Lanes<S, V>.StorePart(e, y + i, rest);
            total += S.Sum(e);
        }

        return total;
    }

    private static void ScaleRow(float* x, int count, float factor)
    {
        var f = S.Create(factor);
        var i = 0;
        for (; i <= count - S.Width; i += S.Width) S.Store(S.Multiply(S.Load(x + i), f), x + i);
        for (; i < count; i++) x[i] *= factor;
    }

    private struct LayerNormJob : IJob
    {
        public int Rows;
        public int Columns;
        public float* X;
        public float* Weight;
        public float* Bias;
        public float Epsilon;
        public float* Y;
        public float* Means;
        public float* Inverses;
        public int RowsPerItem;

        public readonly void Run(int item, int worker)
        {
            var last = Math.Min(Rows, (item + 1) * RowsPerItem);
            for (var r = item * RowsPerItem; r < last; r++)
            {
                var x = X + (long)r * Columns;
                var y = Y + (long)r * Columns;
                var mean = SumRow(x, Columns) / Columns;
                var inverse = 1 / MathF.Sqrt(SumSquaredDeviations(x, Columns, mean) / Columns + Epsilon);
                Means[r] = mean;
                Inverses[r] = inverse;
                Normalize(x, y, mean, inverse, Weight, Bias, Columns);
            }
        }
    }

    /// <summary>y = (x - mean) · inverse · weight (+ bias).</summary>
    private static void Normalize(float* x, float* y, float mean, float inverse, float* weight, float* bias, int columns)
    {
        var center = S.Create(mean);
        var scale = S.Create(inverse);
        var c = 0;
        for (; c <= columns - S.Width; c += S.Width)
        {
            var normalized = S.Multiply(S.Subtract(S.Load(x + c), center), scale);
            var offset = bias == null ? S.Zero : S.Load(bias + c);
            S.Store(S.MultiplyAdd(normalized, S.Load(weight + c), offset), y + c);
        }

        for (; c < columns; c++) y[c] = (x[c] - mean) * inverse * weight[c] + (bias == null ? 0 : bias[c]);
    }

    private struct RmsNormJob : IJob
    {
        public int Rows;
        public int Columns;
        public float* X;
        public float* Weight;
        public float Epsilon;
        public float* Y;
        public float* Inverses;
        public int RowsPerItem;

        public readonly void Run(int item, int worker)
        {
            var last = Math.Min(Rows, (item + 1) * RowsPerItem);
            for (var r = item * RowsPerItem; r < last; r++)
            {
                var x = X + (long)r * Columns;
                var inverse = 1 / MathF.Sqrt(SumSquaredDeviations(x, Columns, 0) / Columns + Epsilon);
                Inverses[r] = inverse;
                Normalize(x, Y + (long)r * Columns, 0, inverse, Weight, null, Columns);
            }
        }
    }

    /// <summary>
    /// With n = (x - mean) · inverse and g = dy · weight: dx = inverse · (g - average(g) - n · average(g · n)) for LayerNorm;
    /// without the mean (RMSNorm) the term average(g) falls away.
    /// </summary>
    private struct NormBackwardJob : IJob
    {
        public int Rows;
        public int Columns;
        public float* X;
        public float* Weight;
        public float* Means;
        public float* Inverses;
        public float* Dy;
        public float* Dx;
        public bool Accumulate;
        public int RowsPerItem;

        public readonly void Run(int item, int worker)
        {
            var last = Math.Min(Rows, (item + 1) * RowsPerItem);
            for (var r = item * RowsPerItem; r < last; r++) Row(X + (long)r * Columns, Dy + (long)r * Columns, Dx + (long)r * Columns, Means == null ? 0 : Means[r], Inverses[r]);
        }

        private readonly void Row(float* x, float* dy, float* dx, float mean, float inverse)
        {
            var center = S.Create(mean);
            var scale = S.Create(inverse);
            var sumG = S.Zero;
            var sumGN = S.Zero;
            var c = 0;
            for (; c <= Columns - S.Width; c += S.Width)
            {
                var n = S.Multiply(S.Subtract(S.Load(x + c), center), scale);
                var g = S.Multiply(S.Load(dy + c), S.Load(Weight + c));
                sumG = S.Add(sumG, g);
                sumGN = S.MultiplyAdd(g, n, sumGN);
            }

            var totalG = S.Sum(sumG);
            var totalGN = S.Sum(sumGN);
            for (; c < Columns; c++)
            {
                var g = dy[c] * Weight[c];
                totalG += g;
                totalGN += g * (x[c] - mean) * inverse;
            }

            var averageG = Means == null ? 0 : totalG / Columns;
            var averageGN = totalGN / Columns;
            var minusG = S.Create(-averageG);
            var minusGN = S.Create(-averageGN);
            for (c = 0; c <= Columns - S.Width; c += S.Width)
            {
                var n = S.Multiply(S.Subtract(S.Load(x + c), center), scale);
                var g = S.MultiplyAdd(S.Load(dy + c), S.Load(Weight + c), minusG);
                var value = S.Multiply(scale, S.MultiplyAdd(n, minusGN, g));
                S.Store(Accumulate ? S.Add(value, S.Load(dx + c)) : value, dx + c);
            }

            for (; c < Columns; c++)
            {
                var value = inverse * (dy[c] * Weight[c] - averageG - (x[c] - mean) * inverse * averageGN);
                dx[c] = Accumulate ? dx[c] + value : value;
            }
        }
    }

    /// <summary>dweight[c] += Σ_r dy[r, c] · n[r, c], in order of r.</summary>
    private struct NormWeightJob : IJob
    {
        public int Rows;
        public int Columns;
        public float* X;
        public float* Means;
        public float* Inverses;
        public float* Dy;
        public float* DWeight;

        public readonly void Run(int item, int worker)
        {
            var first = item * ColumnsPerItem;
            var count = Math.Min(ColumnsPerItem, Columns - first);
            var sums = stackalloc float[ColumnsPerItem];
            new Span<float>(sums, count).Clear();
            for (var r = 0; r < Rows; r++)
            {
                var x = X + (long)r * Columns + first;
                var dy = Dy + (long)r * Columns + first;
                var mean = Means == null ? 0 : Means[r];
                var inverse = Inverses[r];
                var center = S.Create(mean);
                var scale = S.Create(inverse);
                var c = 0;
                for (; c <= count - S.Width; c += S.Width)
                {
                    var n = S.Multiply(S.Subtract(S.Load(x + c), center), scale);
                    S.Store(S.MultiplyAdd(S.Load(dy + c), n, S.Load(sums + c)), sums + c);
                }

                for (; c < count; c++) sums[c] += dy[c] * (x[c] - mean) * inverse;
            }

            AddTo(sums, DWeight + first, count);
        }
    }

    private struct SoftmaxJob : IJob
    {
        public int Rows;
        public int Columns;
        public float* X;
        public float* Y;
        public bool Logarithm;
        public int RowsPerItem;

        public readonly void Run(int item, int worker)
        {
            var last = Math.Min(Rows, (item + 1) * RowsPerItem);
            for (var r = item * RowsPerItem; r < last; r++)
            {
                var x = X + (long)r * Columns;
                var y = Y + (long)r * Columns;
                var max = MaxOfRow(x, Columns);
                if (!Logarithm)
                {
                    ScaleRow(y, Columns, 1 / ExpRow(x, y, Columns, 1, max));
                    continue;
                }

                var shift = max + MathF.Log(SumExp(x, Columns, max));
                for (var c = 0; c < Columns; c++) y[c] = x[c] - shift;
            }
        }
    }

    /// <summary>Σ e^(x - max), without writing the terms.</summary>
    private static float SumExp(float* x, int count, float max)
    {
        var sum = S.Zero;
        var shift = S.Create(max);
        var i = 0;
        for (; i <= count - S.Width; i += S.Width) sum = S.Add(sum, VectorMath<S, V>.Exp(S.Subtract(S.Load(x + i), shift)));
        var rest = count - i;
        if (rest > 0) sum = S.Add(sum, VectorMath<S, V>.Exp(S.Subtract(Lanes<S, V>.LoadPart(x + i, rest, float.NegativeInfinity), shift)));
        return S.Sum(sum);
    }

    private struct SoftmaxBackwardJob : IJob
    {
        public int Rows;
        public int Columns;
        public float* Y;
        public float* Dy;
        public float* Dx;
        public bool Logarithm;
        public bool Accumulate;
        public int RowsPerItem;

        public readonly void Run(int item, int worker)
        {
            var last = Math.Min(Rows, (item + 1) * RowsPerItem);
            for (var r = item * RowsPerItem; r < last; r++)
            {
                var y = Y + (long)r * Columns;
                var dy = Dy + (long)r * Columns;
                var dx = Dx + (long)r * Columns;
                var sum = Logarithm ? SumRow(dy, Columns) : Dot(y, dy, Columns);
                for (var c = 0; c < Columns; c++)
                {
                    var value = Logarithm ? dy[c] - MathF.Exp(y[c]) * sum : y[c] * (dy[c] - sum);
                    dx[c] = Accumulate ? dx[c] + value : value;
                }
            }
        }
    }

    private struct SumJob : IJob
    {
        public long Count;
        public float* X;
        public bool Squares;
        public double* Sums;

        public readonly void Run(int item, int worker)
        {
            var start = (long)item * SumUnit;
            var count = (int)Math.Min(SumUnit, Count - start);
            var sum = 0.0;
            // In double, in pieces that vectors sum in float without losing much.
            for (var i = 0; i < count; i += 256)
            {
                var piece = Math.Min(256, count - i);
                sum += Squares ? SumSquaredDeviations(X + start + i, piece, 0) : SumRow(X + start + i, piece);
            }

            Sums[item] = sum;
        }
    }
}
