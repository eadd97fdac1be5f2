namespace Coppice.Tensors;

// Weighted differences of weights: how far they are from where they began, and the way back.
internal sealed unsafe partial class CpuBackend<S, V>
{
    public override void AddDifference(long count, float a, float* weights, float* x, float* center, float* y)
    {
        var job = new AddDifferenceJob { Count = count, A = a, Weights = weights, X = x, Center = center, Y = y };
        _pool.Run(ref job, Items(count));
    }

    public override double SquaredDistance(long count, float* weights, float* x, float* y)
    {
        var items = Items(count);
        if (items == 0) return 0;
        _shared.Reserve(items * sizeof(double));
        var job = new SquaredDistanceJob { Count = count, Weights = weights, X = x, Y = y, Sums = (double*)_shared.Address };
        _pool.Run(ref job, items);
        var sum = 0.0;
        for (var i = 0; i < items; i++) sum += job.Sums[i];
        return sum;
    }

    private static V LoadUpTo(float* source, long count) => count >= S.Width ? S.Load(source) : Lanes<S, V>.LoadPart(source, (int)count);

    private struct AddDifferenceJob : IJob
    {
        public long Count;
        public float A;
        public float* Weights;
        public float* X;
        public float* Center;
        public float* Y;

        public readonly void Run(int item, int worker)
        {
            var (i, end) = Part(item, Count);
            var a = S.Create(A);
            for (; i < end; i += S.Width)
            {
                var rest = end - i;
                var difference = S.Subtract(LoadUpTo(X + i, rest), LoadUpTo(Center + i, rest));
                if (Weights != null) difference = S.Multiply(LoadUpTo(Weights + i, rest), difference);
                Write(S.MultiplyAdd(a, difference, LoadUpTo(Y + i, rest)), Y + i, (int)Math.Min(S.Width, rest));
            }
        }
    }

    private struct SquaredDistanceJob : IJob
    {
        public long Count;
        public float* Weights;
        public float* X;
        public float* Y;
        public double* Sums;

        public readonly void Run(int item, int worker)
        {
            // In double, in pieces that vectors sum in float without losing much.
            const int Piece = 256;
            var (start, end) = Part(item, Count);
            var total = 0.0;
            for (; start < end; start += Piece)
            {
                var last = Math.Min(end, start + Piece);
                var sum = S.Zero;
                for (var i = start; i < last; i += S.Width)
                {
                    var difference = S.Subtract(LoadUpTo(X + i, last - i), LoadUpTo(Y + i, last - i));
                    var weighted = Weights == null ? difference : S.Multiply(LoadUpTo(Weights + i, last - i), difference);
                    sum = S.MultiplyAdd(weighted, difference, sum);
                }

                total += S.Sum(sum);
            }

            Sums[item] = total;
        }
    }
}
