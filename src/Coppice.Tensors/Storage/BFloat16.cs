namespace Coppice.Tensors.Storage;

/// <summary>bfloat16, a storage format: the upper 16 bits of a float32 (8 bits of exponent, 7 of fraction).</summary>
public static class BFloat16
{
    /// <summary>Rounds to the nearest bfloat16, ties to even. NaN stays NaN (quiet, sign kept); beyond the largest finite value lies infinity.</summary>
    /// <param name="value">The value.</param>
    /// <returns>The 16 bits.</returns>
    public static ushort FromSingle(float value)
    {
        var bits = BitConverter.SingleToUInt32Bits(value);

        // Rounding could carry a NaN's fraction over into infinity or zero, so it is cut instead and its quiet bit set.
        if (float.IsNaN(value)) return (ushort)((bits >> 16) | 0x40);
        return (ushort)((bits + 0x7FFF + ((bits >> 16) & 1)) >> 16);
    }

    /// <summary>The float32 of the same value; exact.</summary>
    /// <param name="bits">The 16 bits.</param>
    public static float ToSingle(ushort bits) => BitConverter.UInt32BitsToSingle((uint)bits << 16);
}
