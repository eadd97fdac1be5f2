using System.Runtime.CompilerServices;

namespace Coppice.Tensors;

/// <summary>A function of one element and its derivative, on vectors.</summary>
internal interface IPointwise<S, V>
    where S : struct, ISimd<V>
    where V : unmanaged
{
    static abstract V Forward(V x);

    /// <summary>Whether the derivative is computed from y = f(x); from x otherwise. The other one is not read: that is a pass over memory less.</summary>
    static virtual bool FromOutput => false;

    /// <summary>dy · f'(x), from x or from y = f(x).</summary>
    static abstract V Backward(V xOrY, V dy);
}

internal readonly struct GeluErf<S, V> : IPointwise<S, V>
    where S : struct, ISimd<V>
    where V : unmanaged
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static V Forward(V x)
    {
        var erf = VectorMath<S, V>.Erf(S.Multiply(x, S.Create(0.70710678118654752f)), out _);
        return S.Multiply(S.Multiply(x, S.Create(0.5f)), S.Add(S.Create(1f), erf));
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static V Backward(V x, V dy)
    {
        var erf = VectorMath<S, V>.Erf(S.Multiply(x, S.Create(0.70710678118654752f)), out var gaussian);
        var distribution = S.Multiply(S.Create(0.5f), S.Add(S.Create(1f), erf));
        var density = S.Multiply(S.Create(0.3989422804014327f), gaussian);
        return S.Multiply(dy, S.MultiplyAdd(x, density, distribution));
    }
}

internal readonly struct GeluTanh<S, V> : IPointwise<S, V>
    where S : struct, ISimd<V>
    where V : unmanaged
{
    private const float SqrtTwoOverPi = 0.7978845608028654f;
    private const float Cubic = 0.044715f;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static V Forward(V x) => S.Multiply(S.Multiply(x, S.Create(0.5f)), S.Add(S.Create(1f), Inner(x)));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static V Backward(V x, V dy)
    {
        var tanh = Inner(x);
        var x2 = S.Multiply(x, x);
        var slope = S.Multiply(S.Create(SqrtTwoOverPi), S.MultiplyAdd(x2, S.Create(3 * Cubic), S.Create(1f)));
        var sech2 = S.Subtract(S.Create(1f), S.Multiply(tanh, tanh));
        var half = S.Create(0.5f);
        var derivative = S.MultiplyAdd(S.Multiply(S.Multiply(half, x), sech2), slope, S.Multiply(half, S.Add(S.Create(1f), tanh)));
        return S.Multiply(dy, derivative);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static V Inner(V x)
    {
        var x2 = S.Multiply(x, x);
        var cubic = S.MultiplyAdd(S.Multiply(x2, x), S.Create(Cubic), x);
        return VectorMath<S, V>.Tanh(S.Multiply(S.Create(SqrtTwoOverPi), cubic));
    }
}

internal readonly struct Silu<S, V> : IPointwise<S, V>
    where S : struct, ISimd<V>
    where V : unmanaged
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static V Forward(V x) => S.Multiply(x, VectorMath<S, V>.Sigmoid(x));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static V Backward(V x, V dy) => S.Multiply(dy, Derivative(x, out _));

    /// <summary>sigmoid(x) · (1 + x (1 - sigmoid(x))).</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static V Derivative(V x, out V sigmoid)
    {
        var one = S.Create(1f);
        sigmoid = VectorMath<S, V>.Sigmoid(x);
        return S.Multiply(sigmoid, S.MultiplyAdd(x, S.Subtract(one, sigmoid), one));
    }
}

internal readonly struct Relu<S, V> : IPointwise<S, V>
    where S : struct, ISimd<V>
    where V : unmanaged
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static V Forward(V x) => S.Max(S.Zero, x);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static V Backward(V x, V dy) => S.Select(S.LessThan(S.Zero, x), dy, S.Zero);
}

internal readonly struct HyperbolicTangent<S, V> : IPointwise<S, V>
    where S : struct, ISimd<V>
    where V : unmanaged
{
    public static bool FromOutput => true;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static V Forward(V x) => VectorMath<S, V>.Tanh(x);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static V Backward(V y, V dy) => S.Multiply(dy, S.Subtract(S.Create(1f), S.Multiply(y, y)));
}

internal readonly struct Exponential<S, V> : IPointwise<S, V>
    where S : struct, ISimd<V>
    where V : unmanaged
{
    public static bool FromOutput => true;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static V Forward(V x) => VectorMath<S, V>.Exp(x);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static V Backward(V y, V dy) => S.Multiply(dy, y);
}

internal readonly struct Logarithm<S, V> : IPointwise<S, V>
    where S : struct, ISimd<V>
    where V : unmanaged
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static V Forward(V x) => VectorMath<S, V>.Log(x);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static V Backward(V x, V dy) => S.Divide(dy, x);
}

internal readonly struct SquareRoot<S, V> : IPointwise<S, V>
    where S : struct, ISimd<V>
    where V : unmanaged
{
    public static bool FromOutput => true;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static V Forward(V x) => S.Sqrt(x);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static V Backward(V y, V dy) => S.Divide(S.Multiply(dy, S.Create(0.5f)), y);
}
