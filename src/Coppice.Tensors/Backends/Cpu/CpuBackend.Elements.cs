namespace Coppice.Tensors;

// Element-wise operations.
internal sealed unsafe partial class CpuBackend<S, V>
{
    public override void Apply(PointwiseFunction function, long count, float* x, float* y)
    {
        switch (function)
        {
            case PointwiseFunction.GeluErf: Apply<GeluErf<S, V>>(count, x, y); break;
            case PointwiseFunction.GeluTanh: Apply<GeluTanh<S, V>>(count, x, y); break;
            case PointwiseFunction.Silu: Apply<Silu<S, V>>(count, x, y); break;
            case PointwiseFunction.Relu: Apply<Relu<S, V>>(count, x, y); break;
            case PointwiseFunction.Tanh: Apply<HyperbolicTangent<S, V>>(count, x, y); break;
            case PointwiseFunction.Exp: Apply<Exponential<S, V>>(count, x, y); break;
            case PointwiseFunction.Log: Apply<Logarithm<S, V>>(count, x, y); break;
            case PointwiseFunction.Sqrt: Apply<SquareRoot<S, V>>(count, x, y); break;
            default: throw new ArgumentOutOfRangeException(nameof(function), function, null);
        }
    }

    public override void ApplyBackward(PointwiseFunction function, long count, float* x, float* y, float* dy, float* dx, bool accumulate)
    {
        switch (function)
        {
            case PointwiseFunction.GeluErf: ApplyBackward<GeluErf<S, V>>(count, x, y, dy, dx, accumulate); break;
            case PointwiseFunction.GeluTanh: ApplyBackward<GeluTanh<S, V>>(count, x, y, dy, dx, accumulate); break;
            case PointwiseFunction.Silu: ApplyBackward<Silu<S, V>>(count, x, y, dy, dx, accumulate); break;
            case PointwiseFunction.Relu: ApplyBackward<Relu<S, V>>(count, x, y, dy, dx, accumulate); break;
            case PointwiseFunction.Tanh: ApplyBackward<HyperbolicTangent<S, V>>(count, x, y, dy, dx, accumulate); break;
            case PointwiseFunction.Exp: ApplyBackward<Exponential<S, V>>(count, x, y, dy, dx, accumulate); break;
            case PointwiseFunction.Log: ApplyBackward<Logarithm<S, V>>(count, x, y, dy, dx, accumulate); break;
            case PointwiseFunction.Sqrt: ApplyBackward<SquareRoot<S, V>>(count, x, y, dy, dx, accumulate); break;
            default: throw new ArgumentOutOfRangeException(nameof(function), function, null);
        }
    }

    public override void ScaleAdd(long count, float a, float* x, float b, float* y)
    {
        var job = new ScaleAddJob { Count = count, A = a, X = x, B = b, Y = y };
        _pool.Run(ref job, Items(count));
    }

    public override void Add(long count, float* x, float* y, float* z)
    {
        var job = new AddJob { Count = count, X = x, Y = y, Z = z };
        _pool.Run(ref job, Items(count));
    }

    public override void MultiplyElements(long count, float* x, float* y, float* z, bool accumulate)
    {
        var job = new MultiplyJob { Count = count, X = x, Y = y, Z = z, Accumulate = accumulate };
        _pool.Run(ref job, Items(count));
    }

    public override void Broadcast(long count, float* value, float factor, float* y, bool accumulate)
    {
        var job = new BroadcastJob { Count = count, Value = *value * factor, Y = y, Accumulate = accumulate };
        _pool.Run(ref job, Items(count));
    }

    public override void Select(long count, float* condition, float* a, float* b, float* y, bool accumulate)
    {
        var job = new SelectJob { Count = count, Condition = condition, A = a, B = b, Y = y, Accumulate = accumulate };
        _pool.Run(ref job, Items(count));
    }

    public override void SwiGlu(long count, float* gate, float* up, float* y)
    {
        var job = new SwiGluJob { Count = count, Gate = gate, Up = up, Y = y };
        _pool.Run(ref job, Items(count));
    }

    public override void SwiGluBackward(long count, float* gate, float* up, float* dy, float* dgate, float* dup)
    {
        var job = new SwiGluBackwardJob { Count = count, Gate = gate, Up = up, Dy = dy, DGate = dgate, DUp = dup };
        _pool.Run(ref job, Items(count));
    }

    public override void Dropout(long count, float* x, float* y, float probability, Philox random, bool accumulate)
    {
        var job = new DropoutJob { Count = count, X = x, Y = y, Probability = probability, Random = random, Accumulate = accumulate };
        _pool.Run(ref job, Items(count));
    }

    private void Apply<TFunction>(long count, float* x, float* y)
        where TFunction : IPointwise<S, V>
    {
        var job = new PointwiseJob<TFunction> { Count = count, X = x, Y = y };
        _pool.Run(ref job, Items(count));
    }

    private void ApplyBackward<TFunction>(long count, float* x, float* y, float* dy, float* dx, bool accumulate)
        where TFunction : IPointwise<S, V>
    {
        var job = new PointwiseBackwardJob<TFunction> { Count = count, Source = TFunction.FromOutput ? y : x, Dy = dy, Dx = dx, Accumulate = accumulate };
        _pool.Run(ref job, Items(count));
    }

    private struct PointwiseJob<TFunction> : IJob
        where TFunction : IPointwise<S, V>
    {
        public long Count;
        public float* X;
        public float* Y;

        public readonly void Run(int item, int worker)
        {
            var (i, end) = Part(item, Count);
            for (; i <= end - S.Width; i += S.Width) S.Store(TFunction.Forward(S.Load(X + i)), Y + i);
            var rest = (int)(end - i);
            // Padding with 1 keeps logarithms and quotients of lanes that don't exist finite.
            if (rest > 0) Lanes<S, V>.StorePart(TFunction.Forward(Lanes<S, V>.LoadPart(X + i, rest, 1)), Y + i, rest);
        }
    }

    private struct PointwiseBackwardJob<TFunction> : IJob
        where TFunction : IPointwise<S, V>
    {
        public long Count;
        public float* Source;
        public float* Dy;
        public float* Dx;
        public bool Accumulate;

        public readonly void Run(int item, int worker)
        {
            var (i, end) = Part(item, Count);
            for (; i <= end - S.Width; i += S.Width)
            {
                var dx = TFunction.Backward(S.Load(Source + i), S.Load(Dy + i));
                S.Store(Accumulate ? S.Add(dx, S.Load(Dx + i)) : dx, Dx + i);
            }

            var rest = (int)(end - i);
            if (rest == 0) return;
            var last = TFunction.Backward(Lanes<S, V>.LoadPart(Source + i, rest, 1), Lanes<S, V>.LoadPart(Dy + i, rest));
            Lanes<S, V>.StorePart(Accumulate ? S.Add(last, Lanes<S, V>.LoadPart(Dx + i, rest)) : last, Dx + i, rest);
        }
    }

    private struct ScaleAddJob : IJob
    {
        public long Count;
        public float A;
        public float* X;
        public float B;
        public float* Y;

        public readonly void Run(int item, int worker)
        {
            var (i, end) = Part(item, Count);
            var a = S.Create(A);
            var b = S.Create(B);
            for (; i <= end - S.Width; i += S.Width)
            {
                var x = S.Multiply(a, S.Load(X + i));
                S.Store(B == 0 ? x : S.MultiplyAdd(b, S.Load(Y + i), x), Y + i);
            }

            for (; i < end; i++) Y[i] = B == 0 ? A * X[i] : MathF.FusedMultiplyAdd(B, Y[i], A * X[i]);
        }
    }

    private struct AddJob : IJob
    {
        public long Count;
        public float* X;
        public float* Y;
        public float* Z;

        public readonly void Run(int item, int worker)
        {
            var (i, end) = Part(item, Count);
            for (; i <= end - S.Width; i += S.Width) S.Store(S.Add(S.Load(X + i), S.Load(Y + i)), Z + i);
            for (; i < end; i++) Z[i] = X[i] + Y[i];
        }
    }

    private struct MultiplyJob : IJob
    {
        public long Count;
        public float* X;
        public float* Y;
        public float* Z;
        public bool Accumulate;

        public readonly void Run(int item, int worker)
        {
            var (i, end) = Part(item, Count);
            for (; i <= end - S.Width; i += S.Width)
            {
                var product = S.Multiply(S.Load(X + i), S.Load(Y + i));
                S.Store(Accumulate ? S.Add(product, S.Load(Z + i)) : product, Z + i);
            }

            for (; i < end; i++) Z[i] = Accumulate ? X[i] * Y[i] + Z[i] : X[i] * Y[i];
        }
    }

    private struct BroadcastJob : IJob
    {
        public long Count;
        public float Value;
        public float* Y;
        public bool Accumulate;

        public readonly void Run(int item, int worker)
        {
            var (i, end) = Part(item, Count);
            for (; i < end; i++) Y[i] = Accumulate ? Y[i] + Value : Value;
        }
    }

    private struct SelectJob : IJob
    {
        public long Count;
        public float* Condition;
        public float* A;
        public float* B;
        public float* Y;
        public bool Accumulate;

        public readonly void Run(int item, int worker)
        {
            var (i, end) = Part(item, Count);
            for (; i < end; i++)
            {
                var source = Condition[i] != 0 ? A : B;
                var value = source == null ? 0 : source[i];
                Y[i] = Accumulate ? Y[i] + value : value;
            }
        }
    }

    private struct SwiGluJob : IJob
    {
        public long Count;
        public float* Gate;
        public float* Up;
        public float* Y;

        public readonly void Run(int item, int worker)
        {
            var (i, end) = Part(item, Count);
            for (; i <= end - S.Width; i += S.Width) S.Store(S.Multiply(Silu<S, V>.Forward(S.Load(Gate + i)), S.Load(Up + i)), Y + i);
            var rest = (int)(end - i);
            if (rest == 0) return;
            var last = S.Multiply(Silu<S, V>.Forward(Lanes<S, V>.LoadPart(Gate + i, rest)), Lanes<S, V>.LoadPart(Up + i, rest));
            Lanes<S, V>.StorePart(last, Y + i, rest);
        }
    }

    private struct SwiGluBackwardJob : IJob
    {
        public long Count;
        public float* Gate;
        public float* Up;
        public float* Dy;
        public float* DGate;
        public float* DUp;

        public readonly void Run(int item, int worker)
        {
            var (i, end) = Part(item, Count);
            for (; i <= end - S.Width; i += S.Width)
            {
                var gate = S.Load(Gate + i);
                var dy = S.Load(Dy + i);
                var slope = Silu<S, V>.Derivative(gate, out var sigmoid);
                var dgate = S.Multiply(S.Multiply(dy, S.Load(Up + i)), slope);
                S.Store(S.Multiply(dy, S.Multiply(gate, sigmoid)), DUp + i);
                S.Store(dgate, DGate + i);
            }

            var rest = (int)(end - i);
            if (rest == 0) return;
            var lastGate = Lanes<S, V>.LoadPart(Gate + i, rest);
            var lastDy = Lanes<S, V>.LoadPart(Dy + i, rest);
            var lastSlope = Silu<S, V>.Derivative(lastGate, out var lastSigmoid);
            var lastDGate = S.Multiply(S.Multiply(lastDy, Lanes<S, V>.LoadPart(Up + i, rest)), lastSlope);
            Lanes<S, V>.StorePart(S.Multiply(lastDy, S.Multiply(lastGate, lastSigmoid)), DUp + i, rest);
            Lanes<S, V>.StorePart(lastDGate, DGate + i, rest);
        }
    }

    private struct DropoutJob : IJob
    {
        public long Count;
        public float* X;
        public float* Y;
        public float Probability;
        public Philox Random;
        public bool Accumulate;

        public readonly void Run(int item, int worker)
        {
            var (i, end) = Part(item, Count);
            var scale = 1 / (1 - Probability);
            // Parts start at multiples of 4: a block of four random words serves four elements.
            for (; i < end; i += 4)
            {
                var (a, b, c, d) = Random.Words((ulong)i >> 2);
                Keep(i, end, a, scale);
                Keep(i + 1, end, b, scale);
                Keep(i + 2, end, c, scale);
                Keep(i + 3, end, d, scale);
            }
        }

        private readonly void Keep(long i, long end, uint word, float scale)
        {
            if (i >= end) return;
            var value = Philox.ToUnit(word) >= Probability ? X[i] * scale : 0;
            Y[i] = Accumulate ? Y[i] + value : value;
        }
    }
}
