namespace Coppice.Tensors.Storage;

/// <summary>How a tensor's elements are stored in a file, under the names that the safetensors format uses.</summary>
public enum TensorDataType
{
    /// <summary>One byte a truth value: 0 or 1.</summary>
    Bool,

    /// <summary>Unsigned, 8 bits.</summary>
    U8,

    /// <summary>Signed, 8 bits.</summary>
    I8,

    /// <summary>Unsigned, 16 bits.</summary>
    U16,

    /// <summary>Signed, 16 bits.</summary>
    I16,

    /// <summary>Unsigned, 32 bits.</summary>
    U32,

    /// <summary>Signed, 32 bits.</summary>
    I32,

    /// <summary>Unsigned, 64 bits.</summary>
    U64,

    /// <summary>Signed, 64 bits.</summary>
    I64,

    /// <summary>IEEE 754 half precision: 5 bits of exponent, 10 of fraction.</summary>
    F16,

    /// <summary>bfloat16: the upper half of a float32.</summary>
    BF16,

    /// <summary>IEEE 754 single precision.</summary>
    F32,

    /// <summary>IEEE 754 double precision.</summary>
    F64,
}

/// <summary>Names and sizes of <see cref="TensorDataType"/>.</summary>
public static class TensorDataTypes
{
    /// <summary>Bytes an element takes.</summary>
    /// <param name="type">The type.</param>
    public static int ElementSize(this TensorDataType type) => type switch
    {
        TensorDataType.Bool or TensorDataType.U8 or TensorDataType.I8 => 1,
        TensorDataType.U16 or TensorDataType.I16 or TensorDataType.F16 or TensorDataType.BF16 => 2,
        TensorDataType.U32 or TensorDataType.I32 or TensorDataType.F32 => 4,
        _ => 8,
    };

    /// <summary>Whether the type is a floating-point number.</summary>
    /// <param name="type">The type.</param>
    public static bool IsFloatingPoint(this TensorDataType type) => type >= TensorDataType.F16;

    /// <summary>The name in a safetensors header: upper case.</summary>
    /// <param name="type">The type.</param>
    public static string Name(this TensorDataType type) => type.ToString().ToUpperInvariant();

    /// <summary>Finds the type of a name in a safetensors header.</summary>
    /// <param name="name">The name, such as <c>BF16</c>.</param>
    /// <param name="type">The type.</param>
    /// <returns>Whether the name is known.</returns>
    public static bool TryParse(string? name, out TensorDataType type)
    {
        foreach (var candidate in Enum.GetValues<TensorDataType>())
        {
            type = candidate;
            if (candidate.Name() == name) return true;
        }

        type = default;
        return false;
    }
}
