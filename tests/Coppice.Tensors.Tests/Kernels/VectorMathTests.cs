using System.Runtime.Intrinsics;

namespace Coppice.Tensors.Tests;

/// <summary>Each function, at each width, keeps the error that its documentation promises against double precision.</summary>
public sealed unsafe class VectorMathTests
{
    private delegate void Check(Func<float, double> exact, Func<double, double> allowed, IEnumerable<float> arguments, Function function);

    private enum Function
    {
        Exp,
        Log,
        Sigmoid,
        Tanh,
        Erf,
        Gaussian,
    }

    [Fact]
    public void Exp_has_a_relative_error_of_at_most_2e_7() =>
        AtEveryWidth(x => Math.Exp(x), y => 2e-7 * y, Sweep(-87.3f, 88), Function.Exp);

    [Fact]
    public void Exp_is_0_below_its_range_and_capped_above()
    {
        AtEveryWidth(_ => 0, _ => 0, [-87.31f, -100, -1e4f, float.MinValue, float.NegativeInfinity], Function.Exp);
        AtEveryWidth(_ => Math.Exp(88), y => 2e-7 * y, [88.1f, 100, 1e4f, float.MaxValue, float.PositiveInfinity], Function.Exp);
    }

    [Fact]
    public void Log_has_an_error_of_at_most_1e_7_and_1e_7_of_the_value()
    {
        AtEveryWidth(x => Math.Log(x), y => 1e-7 + 1e-7 * Math.Abs(y), Sweep(0.25f, 4), Function.Log);
        AtEveryWidth(x => Math.Log(x), y => 1e-7 + 1e-7 * Math.Abs(y), Sweep(-87, 88).Select(MathF.Exp), Function.Log);
    }

    [Fact]
    public void Sigmoid_has_an_absolute_error_of_at_most_2e_7() =>
        AtEveryWidth(x => 1 / (1 + Math.Exp(-x)), _ => 2e-7, [.. Sweep(-100, 100), .. Extremes], Function.Sigmoid);

    [Fact]
    public void Tanh_has_an_absolute_error_of_at_most_2e_7() =>
        AtEveryWidth(x => Math.Tanh(x), _ => 2e-7, [.. Sweep(-100, 100), .. Sweep(-1, 1), .. Extremes], Function.Tanh);

    [Fact]
    public void The_error_function_has_an_absolute_error_of_at_most_5e_7()
    {
        AtEveryWidth(x => SpecialFunctions.Erf(x), _ => 5e-7, [.. Sweep(-8, 8), .. Extremes], Function.Erf);
        AtEveryWidth(x => Math.Exp(-(double)x * x), _ => 2e-7, [.. Sweep(-10, 10), .. Extremes], Function.Gaussian);
    }

    private static float[] Extremes => [0, -0f, float.Epsilon, -1e-40f, 1e-20f, 1e4f, -1e4f, 1e18f, -1e18f];

    private static IEnumerable<float> Sweep(float from, float to)
    {
        const int Points = 50_000;
        for (var i = 0; i <= Points; i++) yield return (float)(from + ((double)to - from) * i / Points);
    }

    private static void AtEveryWidth(Func<float, double> exact, Func<double, double> allowed, IEnumerable<float> arguments, Function function)
    {
        foreach (var level in Backends.Supported)
        {
            Check? check = level switch
            {
                KernelLevel.Vector128 => Compare<Simd128, Vector128<float>>,
                KernelLevel.Avx2 => Compare<Simd256, Vector256<float>>,
                KernelLevel.Avx512 => Compare<Simd512, Vector512<float>>,
                _ => null,
            };
            check?.Invoke(exact, allowed, arguments, function);
        }
    }

    private static void Compare<S, V>(Func<float, double> exact, Func<double, double> allowed, IEnumerable<float> arguments, Function function)
        where S : struct, ISimd<V>
        where V : unmanaged
    {
        var (x, y) = (new float[S.Width], new float[S.Width]);
        foreach (var chunk in arguments.Chunk(S.Width))
        {
            Array.Fill(x, 1);
            chunk.CopyTo(x, 0);
            fixed (float* source = x, destination = y) S.Store(Apply<S, V>(function, S.Load(source)), destination);
            for (var i = 0; i < chunk.Length; i++)
            {
                var expected = exact(chunk[i]);
                if (Math.Abs(y[i] - expected) <= allowed(expected)) continue;
                Assert.Fail($"{typeof(S).Name} {function}({chunk[i]:G9}) is {y[i]:G9} instead of {expected:G12}");
            }
        }
    }

    private static V Apply<S, V>(Function function, V x)
        where S : struct, ISimd<V>
        where V : unmanaged
    {
        switch (function)
        {
            case Function.Exp:
                return VectorMath<S, V>.Exp(x);
            case Function.Log:
                return VectorMath<S, V>.Log(x);
            case Function.Sigmoid:
                return VectorMath<S, V>.Sigmoid(x);
            case Function.Tanh:
                return VectorMath<S, V>.Tanh(x);
            default:
                var erf = VectorMath<S, V>.Erf(x, out var gaussian);
                return function == Function.Erf ? erf : gaussian;
        }
    }
}
