namespace Coppice.Tensors;

// Operations on rows: norms, softmax, sums.
internal sealed unsafe partial class CpuBackend<S, V>
{
    // Elements that are summed as one unit: partial sums of such units are added in order, whichever thread took them.
    private const int SumUnit = 1 << 14;

    // Columns of partial sums that one item adds up.
    private const int SumColumns = 512;

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
        var job = new NormBackwardJob { Rows = rows, Columns = columns, X = x, Weight = weight, Means = means, Inverses = inverses, Dy = dy, Dx = dx, Accumulate = accumulate };
        NormBackward(ref job, dweight, dbias);
    }

    public override void RmsNorm(int rows, int columns, float* x, float* weight, float epsilon, float* y, float* inverses)
    {
        var job = new RmsNormJob { Rows = rows, Columns = columns, X = x, Weight = weight, Epsilon = epsilon, Y = y, Inverses = inverses, RowsPerItem = RowsPerItem(columns) };
        _pool.Run(ref job, (rows + job.RowsPerItem - 1) / job.RowsPerItem);
    }

    public override void RmsNormBackward(int rows, int columns, float* x, float* weight, float* inverses, float* dy, float* dx, bool accumulate, float* dweight)
    {
        var job = new NormBackwardJob { Rows = rows, Columns = columns, X = x, Weight = weight, Means = null, Inverses = inverses, Dy = dy, Dx = dx, Accumulate = accumulate };
        NormBackward(ref job, dweight, null);
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

    /// <summary>One pass over the rows for all gradients: those of weight and bias as partial sums of each unit of rows, added in order.</summary>
    private void NormBackward(ref NormBackwardJob job, float* dweight, float* dbias)
    {
        job.RowsPerUnit = RowsPerUnit(job.Columns);
        var units = (job.Rows + job.RowsPerUnit - 1) / job.RowsPerUnit;
        var unit = (long)units * job.Columns;
        _shared.Reserve(2 * unit * sizeof(float));
        job.WeightSums = dweight == null ? null : (float*)_shared.Address;
        job.BiasSums = dbias == null ? null : (float*)_shared.Address + unit;
        _pool.Run(ref job, units);
        if (dweight != null) AddUnits(units, job.Columns, job.WeightSums, dweight);
        if (dbias != null) AddUnits(units, job.Columns, job.BiasSums, dbias);
    }

    /// <summary>How many rows are summed as one unit: enough that the partial sums are little beside the rows, whatever the number of threads.</summary>
    private static int RowsPerUnit(int columns) => Math.Max(32, ElementsPerItem / 2 / Math.Max(1, columns));

    /// <summary>sums[c] += Σ_u partial[u, c], in order of u.</summary>
    private void AddUnits(int units, int columns, float* partial, float* sums)
    {
        var job = new AddUnitsJob { Units = units, Columns = columns, Partial = partial, Sums = sums };
        _pool.Run(ref job, (columns + SumColumns - 1) / SumColumns);
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
        public int RowsPerUnit;
        public float* WeightSums;
        public float* BiasSums;

        public readonly void Run(int item, int worker)
        {
            var weightSums = WeightSums == null ? null : WeightSums + (long)item * Columns;
            var biasSums = BiasSums == null ? null : BiasSums + (long)item * Columns;
            if (weightSums != null) new Span<float>(weightSums, Columns).Clear();
            if (biasSums != null) new Span<float>(biasSums, Columns).Clear();
            var last = Math.Min(Rows, (item + 1) * RowsPerUnit);
            for (var r = item * RowsPerUnit; r < last; r++)
            {
                var x = X + (long)r * Columns;
                var dy = Dy + (long)r * Columns;
                var mean = Means == null ? 0 : Means[r];
                if (Dx != null) Row(x, dy, Dx + (long)r * Columns, mean, Inverses[r]);
                if (weightSums != null) AddWeightGradient(x, dy, mean, Inverses[r], weightSums);
                if (biasSums != null) AddTo(dy, biasSums, Columns);
            }
        }

        private readonly void AddWeightGradient(float* x, float* dy, float mean, float inverse, float* sums)
        {
            var center = S.Create(mean);
            var scale = S.Create(inverse);
            var c = 0;
            for (; c <= Columns - S.Width; c += S.Width)
            {
                var n = S.Multiply(S.Subtract(S.Load(x + c), center), scale);
                S.Store(S.MultiplyAdd(S.Load(dy + c), n, S.Load(sums + c)), sums + c);
            }

            for (; c < Columns; c++) sums[c] += dy[c] * (x[c] - mean) * inverse;
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

    private struct AddUnitsJob : IJob
    {
        public int Units;
        public int Columns;
        public float* Partial;
        public float* Sums;

        public readonly void Run(int item, int worker)
        {
            var first = item * SumColumns;
            var count = Math.Min(SumColumns, Columns - first);
            for (var u = 0; u < Units; u++) AddTo(Partial + (long)u * Columns + first, Sums + first, count);
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
