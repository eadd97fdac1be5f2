namespace Coppice.Tensors;

internal sealed unsafe partial class ReferenceBackend
{
    public override void Apply(PointwiseFunction function, long count, float* x, float* y)
    {
        for (var i = 0L; i < count; i++) y[i] = (float)Value(function, x[i]);
    }

    public override void ApplyBackward(PointwiseFunction function, long count, float* x, float* y, float* dy, float* dx, bool accumulate)
    {
        for (var i = 0L; i < count; i++) Write(ref dx[i], dy[i] * Derivative(function, x[i]), accumulate);
    }

    public override void ScaleAdd(long count, float a, float* x, float b, float* y)
    {
        for (var i = 0L; i < count; i++) y[i] = (float)((double)a * x[i] + (b == 0 ? 0 : (double)b * y[i]));
    }

    public override void Add(long count, float* x, float* y, float* z)
    {
        for (var i = 0L; i < count; i++) z[i] = x[i] + y[i];
    }

    public override void MultiplyElements(long count, float* x, float* y, float* z, bool accumulate)
    {
        for (var i = 0L; i < count; i++) Write(ref z[i], (double)x[i] * y[i], accumulate);
    }

    public override void Broadcast(long count, float* value, float factor, float* y, bool accumulate)
    {
        for (var i = 0L; i < count; i++) Write(ref y[i], (double)*value * factor, accumulate);
    }

    public override void Select(long count, float* condition, float* a, float* b, float* y, bool accumulate)
    {
        for (var i = 0L; i < count; i++)
        {
            var chosen = condition[i] != 0 ? a : b;
            Write(ref y[i], chosen == null ? 0 : chosen[i], accumulate);
        }
    }

    public override void SwiGlu(long count, float* gate, float* up, float* y)
    {
        for (var i = 0L; i < count; i++) y[i] = (float)(Value(PointwiseFunction.Silu, gate[i]) * up[i]);
    }

    public override void SwiGluBackward(long count, float* gate, float* up, float* dy, float* dgate, float* dup)
    {
        for (var i = 0L; i < count; i++)
        {
            // Both before either is written: dup may be dy.
            var gateGradient = (double)dy[i] * up[i] * Derivative(PointwiseFunction.Silu, gate[i]);
            var upGradient = dy[i] * Value(PointwiseFunction.Silu, gate[i]);
            dgate[i] = (float)gateGradient;
            dup[i] = (float)upGradient;
        }
    }

    public override void Dropout(long count, float* x, float* y, float probability, Philox random, bool accumulate)
    {
        for (var i = 0L; i < count; i++)
        {
            var kept = Philox.ToUnit(random.Word((ulong)i)) >= probability;
            Write(ref y[i], kept ? x[i] / (1.0 - probability) : 0, accumulate);
        }
    }

    private static double Value(PointwiseFunction function, double x) => function switch
    {
        PointwiseFunction.GeluErf => x * SpecialFunctions.NormalDistribution(x),
        PointwiseFunction.GeluTanh => 0.5 * x * (1 + Math.Tanh(GeluTanhArgument(x))),
        PointwiseFunction.Silu => x * Sigmoid(x),
        PointwiseFunction.Relu => Math.Max(x, 0),
        PointwiseFunction.Tanh => Math.Tanh(x),
        PointwiseFunction.Exp => Math.Exp(x),
        PointwiseFunction.Log => Math.Log(x),
        PointwiseFunction.Sqrt => Math.Sqrt(x),
        _ => throw new ArgumentOutOfRangeException(nameof(function)),
    };

    private static double Derivative(PointwiseFunction function, double x)
    {
        switch (function)
        {
            case PointwiseFunction.GeluErf:
                return SpecialFunctions.NormalDistribution(x) + x * SpecialFunctions.NormalDensity(x);
            case PointwiseFunction.GeluTanh:
                var tanh = Math.Tanh(GeluTanhArgument(x));
                return 0.5 * (1 + tanh) + 0.5 * x * (1 - tanh * tanh) * Math.Sqrt(2 / Math.PI) * (1 + 3 * 0.044715 * x * x);
            case PointwiseFunction.Silu:
                return Sigmoid(x) * (1 + x * (1 - Sigmoid(x)));
            case PointwiseFunction.Relu:
                return x > 0 ? 1 : 0;
            case PointwiseFunction.Tanh:
                return 1 - Math.Tanh(x) * Math.Tanh(x);
            case PointwiseFunction.Exp:
                return Math.Exp(x);
            case PointwiseFunction.Log:
                return 1 / x;
            case PointwiseFunction.Sqrt:
                return 0.5 / Math.Sqrt(x);
            default:
                throw new ArgumentOutOfRangeException(nameof(function));
        }
    }

    private static double GeluTanhArgument(double x) => Math.Sqrt(2 / Math.PI) * (x + 0.044715 * x * x * x);

    private static double Sigmoid(double x) => 1 / (1 + Math.Exp(-x));
}
