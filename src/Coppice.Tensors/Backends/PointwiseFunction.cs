namespace Coppice.Tensors;

/// <summary>Functions applied to each element.</summary>
public enum PointwiseFunction
{
    /// <summary>x · Φ(x) with the exact normal distribution function (erf).</summary>
    GeluErf,

    /// <summary>GELU with the tanh approximation: 0.5 x (1 + tanh(√(2/π) (x + 0.044715 x³))).</summary>
    GeluTanh,

    /// <summary>x · sigmoid(x).</summary>
    Silu,

    /// <summary>max(x, 0); gradient 0 at 0.</summary>
    Relu,

    /// <summary>Hyperbolic tangent.</summary>
    Tanh,

    /// <summary>e^x.</summary>
    Exp,

    /// <summary>Natural logarithm.</summary>
    Log,

    /// <summary>Square root.</summary>
    Sqrt,
}
