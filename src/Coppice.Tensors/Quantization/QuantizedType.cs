namespace Coppice.Tensors;

/// <summary>How the weights of a quantised matrix are stored: in blocks of 32 along a row, each with a scale in half precision, and in 4 bits a minimum.</summary>
public enum QuantizedType
{
    /// <summary>8 bits: value = scale · level, -128 ≤ level ≤ 127. ggml's Q8_0; 8.5 bits a weight with the scale.</summary>
    Int8,

    /// <summary>4 bits: value = scale · level + minimum, 0 ≤ level ≤ 15. ggml's Q4_1; 5 bits a weight with scale and minimum.</summary>
    Int4,
}
