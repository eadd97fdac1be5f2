namespace Coppice.Tensors.Tests;

/// <summary>The reference backend's gradients against finite differences of its own forward pass.</summary>
public sealed unsafe class ReferenceGradientTests
{
    // A power of two, and inputs are multiples of it: no step is rounded.
    private const float Step = 1f / 64;

    private readonly Random _random = new(5);

    [Theory]
    [InlineData(PointwiseFunction.GeluErf)]
    [InlineData(PointwiseFunction.GeluTanh)]
    [InlineData(PointwiseFunction.Silu)]
    [InlineData(PointwiseFunction.Relu)]
    [InlineData(PointwiseFunction.Exp)]
    [InlineData(PointwiseFunction.Log)]
    [InlineData(PointwiseFunction.Sqrt)]
    public void Pointwise_functions(PointwiseFunction function)
    {
        const int N = 40;
        using var m = new Fields(_random);
        var x = m.Random(N);
        if (function is PointwiseFunction.Log or PointwiseFunction.Sqrt or PointwiseFunction.Relu)
        {
            for (var i = 0; i < N; i++) x[i] += function == PointwiseFunction.Relu ? Math.Sign(x[i] + Step / 2) * 0.25f : 1.5f - Math.Min(x[i], 0);
        }

        float* y = m.Empty(N), dy = m.Random(N), dx = m.Empty(N);
        Func<double> loss = () =>
        {
            m.Backend.Apply(function, N, x, y);
            return Fields.Dot(y, dy, N);
        };
        loss();
        m.Backend.ApplyBackward(function, N, x, y, dy, dx, accumulate: false);
        m.AssertGradient(x, dx, N, loss);
    }

    [Fact]
    public void Gated_unit()
    {
        const int N = 20;
        using var m = new Fields(_random);
        float* gate = m.Random(N), up = m.Random(N), y = m.Empty(N), dy = m.Random(N), dgate = m.Empty(N), dup = m.Empty(N);
        Func<double> loss = () =>
        {
            m.Backend.SwiGlu(N, gate, up, y);
            return Fields.Dot(y, dy, N);
        };
        m.Backend.SwiGluBackward(N, gate, up, dy, dgate, dup);
        m.AssertGradient(gate, dgate, N, loss);
        m.AssertGradient(up, dup, N, loss);
    }

    [Fact]
    public void Layer_norm()
    {
        const int Rows = 3, Columns = 7, N = Rows * Columns;
        using var m = new Fields(_random);
        float* x = m.Random(N), weight = m.Random(Columns), bias = m.Random(Columns), y = m.Empty(N), means = m.Empty(Rows), inverses = m.Empty(Rows);
        float* dy = m.Random(N), dx = m.Empty(N), dweight = m.Zeros(Columns), dbias = m.Zeros(Columns);
        Func<double> loss = () =>
        {
            m.Backend.LayerNorm(Rows, Columns, x, weight, bias, 0.1f, y, means, inverses);
            return Fields.Dot(y, dy, N);
        };
        loss();
        m.Backend.LayerNormBackward(Rows, Columns, x, weight, means, inverses, dy, dx, accumulate: false, dweight, dbias);
        m.AssertGradient(x, dx, N, loss);
        m.AssertGradient(weight, dweight, Columns, loss);
        m.AssertGradient(bias, dbias, Columns, loss);
    }

    [Fact]
    public void Root_mean_square_norm()
    {
        const int Rows = 3, Columns = 7, N = Rows * Columns;
        using var m = new Fields(_random);
        float* x = m.Random(N), weight = m.Random(Columns), y = m.Empty(N), inverses = m.Empty(Rows);
        float* dy = m.Random(N), dx = m.Empty(N), dweight = m.Zeros(Columns);
        Func<double> loss = () =>
        {
            m.Backend.RmsNorm(Rows, Columns, x, weight, 0.1f, y, inverses);
            return Fields.Dot(y, dy, N);
        };
        loss();
        m.Backend.RmsNormBackward(Rows, Columns, x, weight, inverses, dy, dx, accumulate: false, dweight);
        m.AssertGradient(x, dx, N, loss);
        m.AssertGradient(weight, dweight, Columns, loss);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void Softmax(bool logarithm)
    {
        const int Rows = 3, Columns = 7, N = Rows * Columns;
        using var m = new Fields(_random);
        float* x = m.Random(N), y = m.Empty(N), dy = m.Random(N), dx = m.Empty(N);
        Func<double> loss = () =>
        {
            m.Backend.Softmax(Rows, Columns, x, y, logarithm);
            return Fields.Dot(y, dy, N);
        };
        loss();
        m.Backend.SoftmaxBackward(Rows, Columns, y, dy, dx, logarithm, accumulate: false);
        m.AssertGradient(x, dx, N, loss);
    }

    [Fact]
    public void Rotation()
    {
        const int Rows = 3, Heads = 2, HeadSize = 6, Rotary = 4, N = Rows * Heads * HeadSize;
        using var m = new Fields(_random);
        float* x = m.Random(N), y = m.Empty(N), dy = m.Random(N), dx = m.Empty(N), cosines = m.Random(Rows * Rotary / 2), sines = m.Random(Rows * Rotary / 2);
        var positions = m.Integers([2, 0, 1]);
        Func<double> loss = () =>
        {
            m.Backend.Copy(x, y, N);
            m.Backend.Rotate(Rows, Heads, HeadSize, Rotary, positions, cosines, sines, inverse: false, y, Heads * HeadSize);
            return Fields.Dot(y, dy, N);
        };
        m.Backend.Copy(dy, dx, N);
        m.Backend.Rotate(Rows, Heads, HeadSize, Rotary, positions, cosines, sines, inverse: true, dx, Heads * HeadSize);
        m.AssertGradient(x, dx, N, loss);
    }

    [Theory]
    [InlineData(false, 0)]
    [InlineData(true, 0)]
    [InlineData(true, 2)]
    public void Attention(bool causal, int window)
    {
        const int Queries = 9, Keys = 11, Heads = 4, KeyHeads = 2, HeadSize = 3;
        using var m = new Fields(_random);
        var arguments = new AttentionArguments
        {
            Documents = 3,
            // Keys as many as queries, more, and fewer: the first query of the last document sees none where causal.
            QueryOffsets = m.Integers([0, 4, 6, 9]),
            KeyOffsets = m.Integers([0, 4, 9]),
            KeyLengths = m.Integers([4, 5, 2]),
            Heads = Heads,
            KeyValueHeads = KeyHeads,
            HeadSize = HeadSize,
            Scale = 0.7f,
            Causal = causal,
            Window = window,
            Q = m.Random(Queries * Heads * HeadSize),
            StrideQ = Heads * HeadSize,
            K = m.Random(Keys * KeyHeads * HeadSize),
            StrideK = KeyHeads * HeadSize,
            V = m.Random(Keys * KeyHeads * HeadSize),
            StrideV = KeyHeads * HeadSize,
            Output = m.Empty(Queries * Heads * HeadSize),
            StrideOutput = Heads * HeadSize,
            LogSumExp = m.Empty(Queries * Heads),
        };
        var gradients = new AttentionGradients
        {
            Output = m.Random(Queries * Heads * HeadSize),
            Q = m.Empty(Queries * Heads * HeadSize),
            StrideQ = Heads * HeadSize,
            K = m.Empty(Keys * KeyHeads * HeadSize),
            StrideK = KeyHeads * HeadSize,
            V = m.Empty(Keys * KeyHeads * HeadSize),
            StrideV = KeyHeads * HeadSize,
        };
        Func<double> loss = () =>
        {
            m.Backend.Attention(arguments);
            return Fields.Dot(arguments.Output, gradients.Output, Queries * Heads * HeadSize);
        };
        loss();
        m.Backend.AttentionBackward(arguments, gradients);
        m.AssertGradient(arguments.Q, gradients.Q, Queries * Heads * HeadSize, loss);
        m.AssertGradient(arguments.K, gradients.K, Keys * KeyHeads * HeadSize, loss);
        m.AssertGradient(arguments.V, gradients.V, Keys * KeyHeads * HeadSize, loss);
    }

    [Theory]
    [InlineData(0f, 0f)]
    [InlineData(0.2f, 0f)]
    [InlineData(0f, 0.05f)]
    [InlineData(0.1f, 0.02f)]
    public void Cross_entropy(float smoothing, float zLoss)
    {
        const int Rows = 4, Classes = 6, N = Rows * Classes;
        using var m = new Fields(_random);
        float* x = m.Random(N), dx = m.Empty(N);
        var arguments = new CrossEntropyArguments
        {
            Rows = Rows,
            Classes = Classes,
            Logits = x,
            Targets = m.Integers([2, 5, -1, 0]),
            Weights = m.Values([1, 0.5f, 0, 2]),
            Scale = 0.8f,
            LabelSmoothing = smoothing,
            ZLoss = zLoss,
            Losses = m.Empty(Rows),
            NegativeLogLikelihoods = m.Empty(Rows),
        };
        var ones = m.Values([1, 1, 1, 1]);
        Func<double> loss = () =>
        {
            m.Backend.CrossEntropy(arguments);
            return Fields.Dot(arguments.Losses, ones, Rows);
        };
        var differentiated = arguments;
        m.Backend.Copy(x, dx, N);
        differentiated.Logits = dx;
        differentiated.ComputeGradient = true;
        m.Backend.CrossEntropy(differentiated);
        m.AssertGradient(x, dx, N, loss);
    }

    [Fact]
    public void Divergence()
    {
        const int Rows = 3, Columns = 6, N = Rows * Columns;
        using var m = new Fields(_random);
        float* student = m.Random(N), teacher = m.Random(N), losses = m.Empty(Rows), dstudent = m.Empty(N), dteacher = m.Empty(N), ones = m.Values([1, 1, 1]), weights = m.Values([1, 0.5f, 2]);
        Func<double> loss = () =>
        {
            m.Backend.KullbackLeibler(Rows, Columns, student, teacher, 1.5f, 0.8f, weights, losses, null, null);
            return Fields.Dot(losses, ones, Rows);
        };
        m.Backend.KullbackLeibler(Rows, Columns, student, teacher, 1.5f, 0.8f, weights, losses, dstudent, dteacher);
        m.AssertGradient(student, dstudent, N, loss);
        m.AssertGradient(teacher, dteacher, N, loss);
    }

    /// <summary>Small vectors in the reference backend's memory.</summary>
    private sealed class Fields(Random random) : IDisposable
    {
        private readonly List<nint> _allocated = [];

        public Backend Backend { get; } = Backends.Create(1, KernelLevel.Scalar);

        public static double Dot(float* a, float* b, int count)
        {
            double sum = 0;
            for (var i = 0; i < count; i++) sum += (double)a[i] * b[i];
            return sum;
        }

        public float* Empty(int count) => Values([.. Enumerable.Repeat(float.NaN, count)]);

        public float* Zeros(int count) => Values(new float[count]);

        /// <summary>Multiples of the step in [-2, 2).</summary>
        public float* Random(int count) => Values([.. Enumerable.Range(0, count).Select(_ => random.Next(-128, 128) * Step)]);

        public float* Values(float[] values)
        {
            var pointer = Allocate(values.Length);
            Backend.CopyFromHost(values, (float*)pointer);
            return (float*)pointer;
        }

        public int* Integers(int[] values)
        {
            var pointer = Allocate(values.Length);
            Backend.CopyFromHost(values, (int*)pointer);
            return (int*)pointer;
        }

        /// <summary>Compares with the difference quotient of fourth order, (8 (f(h) - f(-h)) - (f(2h) - f(-2h))) / 12h.</summary>
        public void AssertGradient(float* x, float* gradient, int count, Func<double> loss)
        {
            for (var i = 0; i < count; i++)
            {
                var value = x[i];
                double At(int steps)
                {
                    x[i] = value + steps * Step;
                    return loss();
                }

                var expected = (8 * (At(1) - At(-1)) - (At(2) - At(-2))) / (12 * Step);
                x[i] = value;
                var allowed = 2e-4 * (1 + Math.Abs(expected));
                Assert.True(Math.Abs(gradient[i] - expected) <= allowed, $"element {i}: {gradient[i]} instead of {expected}");
            }
        }

        public void Dispose()
        {
            foreach (var pointer in _allocated) Backend.Free((void*)pointer);
            Backend.Dispose();
        }

        private void* Allocate(int count)
        {
            var pointer = Backend.Allocate(count * sizeof(float));
            _allocated.Add((nint)pointer);
            return pointer;
        }
    }
}
