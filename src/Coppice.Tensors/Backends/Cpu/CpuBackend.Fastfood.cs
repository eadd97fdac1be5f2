namespace Coppice.Tensors;

// A random map by two Walsh-Hadamard transforms. Every value is a sum of a tree's form: no order depends on threads or vectors.
internal sealed unsafe partial class CpuBackend<S, V>
{
    public override void Fastfood(in FastfoodArguments arguments)
    {
        var size = arguments.Size;
        var (first, second) = ((nint)arguments.Room, (nint)(arguments.Room + size));
        var job = new FastfoodJob { Arguments = arguments, Permutation = arguments.CreatePermutation(), First = (float*)first, Second = (float*)second };
        Run(ref job, FastfoodPart.Begin, size);
        WalshHadamard((float*)first, size);
        Run(ref job, FastfoodPart.Permute, size);
        WalshHadamard((float*)second, size);
        Run(ref job, FastfoodPart.End, arguments.Transposed ? arguments.Inputs : arguments.Outputs);
    }

    private void Run(ref FastfoodJob job, FastfoodPart part, int count)
    {
        (job.Part, job.Count) = (part, count);
        _pool.Run(ref job, Items(count));
    }

    private void WalshHadamard(float* x, int size)
    {
        // First within pieces that stay in a cache, then between them.
        var piece = Math.Min(size, ElementsPerItem);
        var inner = new HadamardPieceJob { X = x, Piece = piece };
        _pool.Run(ref inner, size / piece);
        for (var half = piece; half < size; half *= 2)
        {
            var outer = new HadamardStageJob { X = x, Piece = piece, Half = half };
            _pool.Run(ref outer, size / 2 / piece);
        }
    }

    /// <summary>(a, b) = (a + b, a - b).</summary>
    private static void Butterfly(float* a, float* b, int count)
    {
        var i = 0;
        for (; i <= count - S.Width; i += S.Width)
        {
            V x = S.Load(a + i), y = S.Load(b + i);
            S.Store(S.Add(x, y), a + i);
            S.Store(S.Subtract(x, y), b + i);
        }

        for (; i < count; i++) (a[i], b[i]) = (a[i] + b[i], a[i] - b[i]);
    }

    private enum FastfoodPart
    {
        Begin,
        Permute,
        End,
    }

    /// <summary>What is done element by element before, between and behind the transforms.</summary>
    private struct FastfoodJob : IJob
    {
        public FastfoodArguments Arguments;
        public FastfoodPermutation Permutation;
        public FastfoodPart Part;
        public int Count;
        public float* First;
        public float* Second;

        public readonly void Run(int item, int worker)
        {
            var (start, end) = CpuBackend<S, V>.Part(item, Count);
            for (var i = (int)start; i < end; i++)
            {
                switch (Part)
                {
                    case FastfoodPart.Begin: First[i] = Begin(i); break;
                    case FastfoodPart.Permute when Arguments.Transposed: Second[Permutation[i]] = FastfoodArguments.Normal(Arguments.Random, i) * First[i]; break;
                    case FastfoodPart.Permute: Second[i] = FastfoodArguments.Normal(Arguments.Random, i) * First[Permutation[i]]; break;
                    default: Arguments.Y[i] = End(i) + (Arguments.Accumulate ? Arguments.Y[i] : 0); break;
                }
            }
        }

        private readonly float Begin(int i)
        {
            if (Arguments.Transposed) return i < Arguments.Outputs ? Arguments.X[i] : 0;
            return i < Arguments.Seen ? FastfoodArguments.Sign(Arguments.Random, i) * Arguments.X[i] : 0;
        }

        private readonly float End(int i)
        {
            if (!Arguments.Transposed) return Arguments.Factor * Second[i];
            return i < Arguments.Seen ? Arguments.Factor * FastfoodArguments.Sign(Arguments.Random, i) * Second[i] : 0;
        }
    }

    private struct HadamardPieceJob : IJob
    {
        public float* X;
        public int Piece;

        public readonly void Run(int item, int worker)
        {
            var x = X + (long)item * Piece;
            for (var half = 1; half < Piece; half *= 2)
            {
                for (var start = 0; start < Piece; start += 2 * half) Butterfly(x + start, x + start + half, half);
            }
        }
    }

    private struct HadamardStageJob : IJob
    {
        public float* X;
        public int Piece;
        public int Half;

        public readonly void Run(int item, int worker)
        {
            var (block, within) = Math.DivRem((long)item * Piece, Half);
            var a = X + block * 2 * Half + within;
            Butterfly(a, a + Half, Piece);
        }
    }
}
