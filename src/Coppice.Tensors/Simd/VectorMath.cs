using System.Runtime.CompilerServices;

namespace Coppice.Tensors;

/// <summary>
/// Elementary functions on vectors, by polynomials whose coefficients are the same at every width. Errors are stated against exact values
/// and tested over the whole range.
/// </summary>
/// <typeparam name="S">The vector width.</typeparam>
/// <typeparam name="V">Its vector type.</typeparam>
internal static class VectorMath<S, V>
    where S : struct, ISimd<V>
    where V : unmanaged
{
    /// <summary>e^x, relative error at most 2e-7; 0 below -87.3 (so that a masked score of minus infinity counts for nothing), capped at e^88.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static V Exp(V x)
    {
        // What is not a number stays so: it is the second operand.
        var clamped = S.Max(S.Create(-87.3f), S.Min(S.Create(88f), x));
        // The sum's unit is 1: rounding it leaves the integer nearest to x / ln 2 in its lowest bits.
        var shifter = S.Create(12582912f);
        var shifted = S.MultiplyAdd(clamped, S.Create(1.44269504088896341f), shifter);
        var n = S.Subtract(shifted, shifter);
        // x - n ln 2 in two parts, so that the product's rounding does not reach the result.
        var r = S.MultiplyAdd(n, S.Create(-0.693145751953125f), clamped);
        r = S.MultiplyAdd(n, S.Create(-1.42860677e-6f), r);
        // Least largest relative error (3e-9) on |r| <= ln 2 / 2 among polynomials that begin 1 + r, found by Remez's exchange.
        var p = S.Create(0.00138146128f);
        p = S.MultiplyAdd(p, r, S.Create(0.00836871006f));
        p = S.MultiplyAdd(p, r, S.Create(0.041668389f));
        p = S.MultiplyAdd(p, r, S.Create(0.166665211f));
        p = S.MultiplyAdd(p, r, S.Create(0.49999994f));
        p = S.MultiplyAdd(p, r, S.Create(1f));
        p = S.MultiplyAdd(p, r, S.Create(1f));
        return S.Select(S.LessThan(x, S.Create(-87.3f)), S.Zero, S.AddToExponent(p, shifted));
    }

    /// <summary>Natural logarithm of positive normal numbers, absolute error at most 1e-7 plus 1e-7 of the value.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static V Log(V x)
    {
        var e = S.Exponent(x);
        var m = S.Mantissa(x);
        // Into [sqrt(1/2), sqrt(2)), around 1.
        var high = S.LessThan(S.Create(1.41421356f), m);
        m = S.Select(high, S.Multiply(m, S.Create(0.5f)), m);
        e = S.Select(high, S.Add(e, S.Create(1f)), e);
        // ln m = 2 atanh(s), s = (m - 1) / (m + 1), |s| < 0.172.
        var s = S.Divide(S.Subtract(m, S.Create(1f)), S.Add(m, S.Create(1f)));
        var s2 = S.Multiply(s, s);
        var p = S.Create(2f / 9);
        p = S.MultiplyAdd(p, s2, S.Create(2f / 7));
        p = S.MultiplyAdd(p, s2, S.Create(2f / 5));
        p = S.MultiplyAdd(p, s2, S.Create(2f / 3));
        p = S.MultiplyAdd(p, s2, S.Create(2f));
        return S.MultiplyAdd(e, S.Create(0.693147180559945f), S.Multiply(p, s));
    }

    /// <summary>1 / (1 + e^-x), absolute error at most 2e-7.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static V Sigmoid(V x) => S.Divide(S.Create(1f), S.Add(S.Create(1f), Exp(S.Subtract(S.Zero, x))));

    /// <summary>Hyperbolic tangent, absolute error at most 2e-7.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static V Tanh(V x)
    {
        var e = Exp(S.Multiply(S.Create(2f), x));
        return S.Subtract(S.Create(1f), S.Divide(S.Create(2f), S.Add(e, S.Create(1f))));
    }

    /// <summary>The error function, absolute error at most 5e-7 (Abramowitz and Stegun 7.1.26), and e^(-x²), which it computes on the way.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static V Erf(V x, out V gaussian)
    {
        var a = S.Abs(x);
        gaussian = Exp(S.Subtract(S.Zero, S.Multiply(x, x)));
        var t = S.Divide(S.Create(1f), S.MultiplyAdd(a, S.Create(0.3275911f), S.Create(1f)));
        var p = S.Create(1.061405429f);
        p = S.MultiplyAdd(p, t, S.Create(-1.453152027f));
        p = S.MultiplyAdd(p, t, S.Create(1.421413741f));
        p = S.MultiplyAdd(p, t, S.Create(-0.284496736f));
        p = S.MultiplyAdd(p, t, S.Create(0.254829592f));
        var positive = S.Subtract(S.Create(1f), S.Multiply(S.Multiply(p, t), gaussian));
        return S.Select(S.LessThan(x, S.Zero), S.Subtract(S.Zero, positive), positive);
    }
}
