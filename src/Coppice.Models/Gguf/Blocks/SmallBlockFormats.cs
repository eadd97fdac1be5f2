namespace Coppice.Models.Gguf;

/// <summary>Q8_0, 32 values: a half-precision scale and 32 signed bytes. Value = scale · byte.</summary>
internal sealed class Q8Format() : QuantizedFormat(8, "Q8_0", 32, 34)
{
    protected override void DecodeBlock(ReadOnlySpan<byte> block, Span<float> values)
    {
        var scale = ReadHalf(block);
        for (var i = 0; i < values.Length; i++) values[i] = scale * (sbyte)block[2 + i];
    }

    protected override void EncodeBlock(ReadOnlySpan<float> values, Span<byte> block)
    {
        var largest = 0f;
        foreach (var value in values) largest = Math.Max(largest, Math.Abs(value));
        // What is stored is the rounded scale, so the values are divided by that one.
        var scale = (float)(Half)(largest / 127);
        var inverse = scale == 0 ? 0 : 1 / scale;
        WriteHalf(block, scale);
        for (var i = 0; i < values.Length; i++) block[2 + i] = (byte)(sbyte)Math.Clamp(MathF.Round(values[i] * inverse), -127, 127);
    }
}

/// <summary>Q4_0, 32 values: a half-precision scale and 16 bytes, each with value i in its low and value i + 16 in its high half. Value = scale · (half - 8).</summary>
internal sealed class Q4Format() : QuantizedFormat(2, "Q4_0", 32, 18)
{
    protected override void DecodeBlock(ReadOnlySpan<byte> block, Span<float> values)
    {
        var scale = ReadHalf(block);
        for (var i = 0; i < 16; i++)
        {
            values[i] = scale * ((block[2 + i] & 15) - 8);
            values[i + 16] = scale * ((block[2 + i] >> 4) - 8);
        }
    }

    protected override void EncodeBlock(ReadOnlySpan<float> values, Span<byte> block)
    {
        Span<int> levels = stackalloc int[32];
        WriteHalf(block, ScaleSearch.Symmetric(values, -8, 7, levels));
        for (var i = 0; i < 16; i++) block[2 + i] = (byte)((levels[i] + 8) | ((levels[i + 16] + 8) << 4));
    }
}

/// <summary>Q4_1, 32 values: as Q4_0 with a half-precision smallest value after the scale. Value = scale · half + smallest.</summary>
internal sealed class Q4OffsetFormat() : QuantizedFormat(3, "Q4_1", 32, 20)
{
    protected override void DecodeBlock(ReadOnlySpan<byte> block, Span<float> values)
    {
        var (scale, smallest) = (ReadHalf(block), ReadHalf(block[2..]));
        for (var i = 0; i < 16; i++)
        {
            values[i] = scale * (block[4 + i] & 15) + smallest;
            values[i + 16] = scale * (block[4 + i] >> 4) + smallest;
        }
    }

    protected override void EncodeBlock(ReadOnlySpan<float> values, Span<byte> block)
    {
        Span<int> levels = stackalloc int[32];
        var (scale, below) = ScaleSearch.Affine(values, 15);
        WriteHalf(block, scale);
        WriteHalf(block[2..], -below);
        // What is stored is rounded, so the levels are those of the rounded numbers.
        ScaleSearch.Round(values, ReadHalf(block), -ReadHalf(block[2..]), 15, levels);
        for (var i = 0; i < 16; i++) block[4 + i] = (byte)(levels[i] | (levels[i + 16] << 4));
    }

    /// <summary>Blocks of Q4_0 as blocks of Q4_1: the smallest value is the scale times -8, exactly.</summary>
    /// <param name="blocks">Whole blocks of Q4_0.</param>
    public static byte[] FromQ4(ReadOnlySpan<byte> blocks)
    {
        var widened = new byte[blocks.Length / 18 * 20];
        for (var (from, to) = (0, 0); from < blocks.Length; from += 18, to += 20)
        {
            blocks.Slice(from, 2).CopyTo(widened.AsSpan(to));
            WriteHalf(widened.AsSpan(to + 2), -8 * ReadHalf(blocks[from..]));
            blocks.Slice(from + 2, 16).CopyTo(widened.AsSpan(to + 4));
        }

        return widened;
    }
}

/// <summary>Q5_0, 32 values: a half-precision scale, 32 bits that are the fifth bits, 16 bytes as in Q4_0. Value = scale · (level - 16).</summary>
internal sealed class Q5Format() : QuantizedFormat(6, "Q5_0", 32, 22)
{
    protected override void DecodeBlock(ReadOnlySpan<byte> block, Span<float> values)
    {
        var scale = ReadHalf(block);
        for (var i = 0; i < values.Length; i++) values[i] = scale * (FifthBits.Level(block[2..6], block[6..], i) - 16);
    }

    protected override void EncodeBlock(ReadOnlySpan<float> values, Span<byte> block)
    {
        Span<int> levels = stackalloc int[32];
        block.Clear();
        WriteHalf(block, ScaleSearch.Symmetric(values, -16, 15, levels));
        for (var i = 0; i < values.Length; i++)
        {
            var level = levels[i] + 16;
            block[2 + i / 8] |= (byte)((level >> 4) << (i % 8));
            block[6 + i % 16] |= (byte)((level & 15) << (i < 16 ? 0 : 4));
        }
    }
}

/// <summary>Q5_1, 32 values: as Q5_0 with a half-precision smallest value after the scale. Value = scale · level + smallest.</summary>
internal sealed class Q5OffsetFormat() : QuantizedFormat(7, "Q5_1", 32, 24)
{
    protected override void DecodeBlock(ReadOnlySpan<byte> block, Span<float> values)
    {
        var (scale, smallest) = (ReadHalf(block), ReadHalf(block[2..]));
        for (var i = 0; i < values.Length; i++) values[i] = scale * FifthBits.Level(block[4..8], block[8..], i) + smallest;
    }
}

/// <summary>Levels of five bits: four in half a byte, the fifth in a bit apart.</summary>
internal static class FifthBits
{
    public static int Level(ReadOnlySpan<byte> fifths, ReadOnlySpan<byte> halves, int i) =>
        ((halves[i % 16] >> (i < 16 ? 0 : 4)) & 15) | (((fifths[i / 8] >> (i % 8)) & 1) << 4);
}
