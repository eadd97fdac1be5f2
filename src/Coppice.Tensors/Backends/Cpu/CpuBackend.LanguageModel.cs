namespace Coppice.Tensors;

// Embeddings, rotary positions, losses.
internal sealed unsafe partial class CpuBackend<S, V>
{
    public override void Gather(int rows, int columns, int* ids, float* table, float* y, bool accumulate)
    {
        var job = new GatherJob { Rows = rows, Columns = columns, Ids = ids, Table = table, Y = y, Accumulate = accumulate, RowsPerItem = RowsPerItem(columns) };
        _pool.Run(ref job, (rows + job.RowsPerItem - 1) / job.RowsPerItem);
    }

    public override void ScatterAdd(int rows, int columns, int* ids, float* dy, float* dtable)
    {
        var job = new ScatterJob { Rows = rows, Columns = columns, Ids = ids, Dy = dy, DTable = dtable };
        _pool.Run(ref job, (columns + ColumnsPerItem - 1) / ColumnsPerItem);
    }

    public override void Rotate(int rows, int heads, int headSize, int rotarySize, int* positions, float* cosines, float* sines, bool inverse, float* x, int stride)
    {
        var job = new RotateJob
        {
            Rows = rows, Heads = heads, HeadSize = headSize, Half = rotarySize / 2, Positions = positions, Cosines = cosines, Sines = sines, Inverse = inverse,
            X = x, Stride = stride, RowsPerItem = RowsPerItem(heads * headSize),
        };
        _pool.Run(ref job, (rows + job.RowsPerItem - 1) / job.RowsPerItem);
    }

    public override void CrossEntropy(in CrossEntropyArguments arguments)
    {
        var job = new CrossEntropyJob { Arguments = arguments, RowsPerItem = RowsPerItem(arguments.Classes) };
        _pool.Run(ref job, (arguments.Rows + job.RowsPerItem - 1) / job.RowsPerItem);
    }

    private struct GatherJob : IJob
    {
        public int Rows;
        public int Columns;
        public int* Ids;
        public float* Table;
        public float* Y;
        public bool Accumulate;
        public int RowsPerItem;

        public readonly void Run(int item, int worker)
        {
            var last = Math.Min(Rows, (item + 1) * RowsPerItem);
            for (var r = item * RowsPerItem; r < last; r++)
            {
                var source = Table + (long)Ids[r] * Columns;
                var destination = Y + (long)r * Columns;
                if (Accumulate) AddTo(source, destination, Columns);
                else System.Runtime.InteropServices.NativeMemory.Copy(source, destination, (nuint)Columns * sizeof(float));
            }
        }
    }

    /// <summary>Each item takes some columns of all rows, so that rows with the same id meet in one thread, in order.</summary>
    private struct ScatterJob : IJob
    {
        public int Rows;
        public int Columns;
        public int* Ids;
        public float* Dy;
        public float* DTable;

        public readonly void Run(int item, int worker)
        {
            var first = item * ColumnsPerItem;
            var count = Math.Min(ColumnsPerItem, Columns - first);
            for (var r = 0; r < Rows; r++) AddTo(Dy + (long)r * Columns + first, DTable + (long)Ids[r] * Columns + first, count);
        }
    }

    private struct RotateJob : IJob
    {
        public int Rows;
        public int Heads;
        public int HeadSize;
        public int Half;
        public int* Positions;
        public float* Cosines;
        public float* Sines;
        public bool Inverse;
        public float* X;
        public int Stride;
        public int RowsPerItem;

        public readonly void Run(int item, int worker)
        {
            var last = Math.Min(Rows, (item + 1) * RowsPerItem);
            for (var r = item * RowsPerItem; r < last; r++)
            {
                var cosines = Cosines + (long)Positions[r] * Half;
                var sines = Sines + (long)Positions[r] * Half;
                for (var h = 0; h < Heads; h++) Turn(X + (long)r * Stride + h * HeadSize, cosines, sines);
            }
        }

        private readonly void Turn(float* x, float* cosines, float* sines)
        {
            var sign = S.Create(Inverse ? -1f : 1f);
            var i = 0;
            for (; i <= Half - S.Width; i += S.Width)
            {
                var a = S.Load(x + i);
                var b = S.Load(x + Half + i);
                var cosine = S.Load(cosines + i);
                var sine = S.Multiply(sign, S.Load(sines + i));
                S.Store(S.Subtract(S.Multiply(a, cosine), S.Multiply(b, sine)), x + i);
                S.Store(S.MultiplyAdd(b, cosine, S.Multiply(a, sine)), x + Half + i);
            }

            for (; i < Half; i++)
            {
                var (a, b) = (x[i], x[Half + i]);
                var sine = Inverse ? -sines[i] : sines[i];
                x[i] = a * cosines[i] - b * sine;
                x[Half + i] = b * cosines[i] + a * sine;
            }
        }
    }

    private struct CrossEntropyJob : IJob
    {
        public CrossEntropyArguments Arguments;
        public int RowsPerItem;

        public readonly void Run(int item, int worker)
        {
            var last = Math.Min(Arguments.Rows, (item + 1) * RowsPerItem);
            for (var r = item * RowsPerItem; r < last; r++) Row(r);
        }

        /// <summary>
        /// With p = softmax(x), L = log Σ e^x and a smoothing of s over C classes:
        /// loss = (1-s)(L - x[t]) + s (L - mean x) + z L², gradient = p (1 + 2 z L) - (1-s) [target] - s / C.
        /// </summary>
        private readonly void Row(int r)
        {
            ref readonly var a = ref Arguments;
            var x = a.Logits + (long)r * a.Classes;
            var weight = a.Weights[r];
            if (weight == 0)
            {
                a.Losses[r] = 0;
                if (a.NegativeLogLikelihoods != null) a.NegativeLogLikelihoods[r] = 0;
                if (a.ComputeGradient) new Span<float>(x, a.Classes).Clear();
                return;
            }

            var target = a.Targets[r];
            var targetLogit = x[target];
            var max = MaxOfRow(x, a.Classes);
            var mean = a.LabelSmoothing == 0 ? 0 : SumRow(x, a.Classes) / a.Classes;
            // The terms are kept where the gradient needs them, so that exponentials are taken once.
            var sum = a.ComputeGradient ? ExpRow(x, x, a.Classes, 1, max) : SumExp(x, a.Classes, max);
            var logSum = max + MathF.Log(sum);
            var smooth = a.LabelSmoothing;
            var loss = (1 - smooth) * (logSum - targetLogit) + a.ZLoss * logSum * logSum;
            if (smooth != 0) loss += smooth * (logSum - mean);
            a.Losses[r] = loss * weight * a.Scale;
            if (a.NegativeLogLikelihoods != null) a.NegativeLogLikelihoods[r] = logSum - targetLogit;
            if (!a.ComputeGradient) return;
            var factor = weight * a.Scale;
            var slope = factor * (1 + 2 * a.ZLoss * logSum) / sum;
            if (smooth == 0)
            {
                ScaleRow(x, a.Classes, slope);
            }
            else
            {
                var share = factor * smooth / a.Classes;
                for (var c = 0; c < a.Classes; c++) x[c] = x[c] * slope - share;
            }

            x[target] -= factor * (1 - smooth);
        }
    }
}
