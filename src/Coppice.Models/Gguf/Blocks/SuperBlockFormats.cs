namespace Coppice.Models.Gguf;

/// <summary>
/// What Q4_K and Q5_K share: 256 values in eight sub-blocks of 32, each with a 6-bit scale and a 6-bit offset, which half-precision factors make numbers of.
/// Value = factor · scale · level - offset factor · offset.
/// </summary>
internal static class SubBlockScales
{
    public const int Count = 8;
    public const int Values = 32;

    /// <summary>The 6 bits: for the first four sub-blocks the low bits of a byte each, for the others a half of a byte and two bits that the first four left.</summary>
    /// <param name="packed">12 bytes.</param>
    /// <param name="i">The sub-block.</param>
    public static (int Scale, int Offset) Read(ReadOnlySpan<byte> packed, int i) => i < 4
        ? (packed[i] & 63, packed[i + 4] & 63)
        : ((packed[i + 4] & 15) | ((packed[i - 4] >> 6) << 4), (packed[i + 4] >> 4) | ((packed[i] >> 6) << 4));

    /// <summary>Packs what <see cref="Read"/> reads.</summary>
    public static void Write(Span<byte> packed, ReadOnlySpan<int> scales, ReadOnlySpan<int> offsets)
    {
        for (var i = 0; i < 4; i++)
        {
            packed[i] = (byte)(scales[i] | ((scales[i + 4] >> 4) << 6));
            packed[i + 4] = (byte)(offsets[i] | ((offsets[i + 4] >> 4) << 6));
            packed[i + 8] = (byte)((scales[i + 4] & 15) | ((offsets[i + 4] & 15) << 4));
        }
    }
}

/// <summary>
/// Q4_K, 256 values: two half-precision factors, 12 bytes of scales and offsets, 128 bytes of levels: of each 32 bytes the low halves are one sub-block, the
/// high halves the next.
/// </summary>
internal sealed class Q4SuperFormat() : QuantizedFormat(12, "Q4_K", 256, 144)
{
    private const int Levels = 15, Scales = 63;

    protected override void DecodeBlock(ReadOnlySpan<byte> block, Span<float> values)
    {
        var (factor, offsetFactor) = (ReadHalf(block), ReadHalf(block[2..]));
        for (var i = 0; i < SubBlockScales.Count; i++)
        {
            var (scale, offset) = SubBlockScales.Read(block[4..16], i);
            var (step, below) = (factor * scale, offsetFactor * offset);
            var halves = block.Slice(16 + i / 2 * 32, 32);
            for (var j = 0; j < SubBlockScales.Values; j++) values[32 * i + j] = step * ((halves[j] >> (4 * (i % 2))) & 15) - below;
        }
    }

    protected override void EncodeBlock(ReadOnlySpan<float> values, Span<byte> block)
    {
        Span<float> scales = stackalloc float[SubBlockScales.Count], offsets = stackalloc float[SubBlockScales.Count];
        var (largestScale, largestOffset) = (0f, 0f);
        for (var i = 0; i < SubBlockScales.Count; i++)
        {
            (scales[i], offsets[i]) = ScaleSearch.Affine(values.Slice(32 * i, 32), Levels);
            (largestScale, largestOffset) = (Math.Max(largestScale, scales[i]), Math.Max(largestOffset, offsets[i]));
        }

        block.Clear();
        WriteHalf(block, largestScale / Scales);
        WriteHalf(block[2..], largestOffset / Scales);
        var (factor, offsetFactor) = (ReadHalf(block), ReadHalf(block[2..]));
        Span<int> packedScales = stackalloc int[SubBlockScales.Count], packedOffsets = stackalloc int[SubBlockScales.Count], levels = stackalloc int[SubBlockScales.Values];
        for (var i = 0; i < SubBlockScales.Count; i++)
        {
            (packedScales[i], packedOffsets[i]) = Nearest(values.Slice(32 * i, 32), (scales[i], offsets[i]), factor, offsetFactor);
            ScaleSearch.Round(values.Slice(32 * i, 32), factor * packedScales[i], offsetFactor * packedOffsets[i], Levels, levels);
            var halves = block.Slice(16 + i / 2 * 32, 32);
            for (var j = 0; j < SubBlockScales.Values; j++) halves[j] |= (byte)(levels[j] << (4 * (i % 2)));
        }

        SubBlockScales.Write(block[4..16], packedScales, packedOffsets);
    }

    // Rounding scale and offset each for itself is not the best pair: the neighbours are tried too.
    private static (int Scale, int Offset) Nearest(ReadOnlySpan<float> values, (float Scale, float Offset) wanted, float factor, float offsetFactor)
    {
        Span<int> levels = stackalloc int[SubBlockScales.Values];
        var (scale, offset) = (Step(wanted.Scale, factor), Step(wanted.Offset, offsetFactor));
        var (best, bestError) = ((scale, offset), double.PositiveInfinity);
        for (var s = Math.Max(0, scale - 1); s <= Math.Min(Scales, scale + 1); s++)
        {
            for (var o = Math.Max(0, offset - 1); o <= Math.Min(Scales, offset + 1); o++)
            {
                var error = ScaleSearch.Round(values, factor * s, offsetFactor * o, Levels, levels);
                if (error < bestError) (best, bestError) = ((s, o), error);
            }
        }

        return best;
    }

    private static int Step(float value, float factor) => factor == 0 ? 0 : (int)Math.Clamp(MathF.Round(value / factor), 0, Scales);
}

/// <summary>Q5_K, 256 values: as Q4_K with 32 bytes of fifth bits before the halves: bit i of byte j belongs to value j of sub-block i.</summary>
internal sealed class Q5SuperFormat() : QuantizedFormat(13, "Q5_K", 256, 176)
{
    protected override void DecodeBlock(ReadOnlySpan<byte> block, Span<float> values)
    {
        var (factor, offsetFactor) = (ReadHalf(block), ReadHalf(block[2..]));
        var fifths = block.Slice(16, 32);
        for (var i = 0; i < SubBlockScales.Count; i++)
        {
            var (scale, offset) = SubBlockScales.Read(block[4..16], i);
            var (step, below) = (factor * scale, offsetFactor * offset);
            var halves = block.Slice(48 + i / 2 * 32, 32);
            for (var j = 0; j < SubBlockScales.Values; j++) values[32 * i + j] = step * (((halves[j] >> (4 * (i % 2))) & 15) | (((fifths[j] >> i) & 1) << 4)) - below;
        }
    }
}

/// <summary>
/// Q6_K, 256 values: 128 bytes of the lower four bits, 64 bytes of the upper two, 16 signed scales, a half-precision factor. Each half of the block has four
/// runs of 32 values: runs 0 and 1 are the low halves of its 64 bytes, runs 2 and 3 the high ones. Value = factor · scale · (level - 32).
/// </summary>
internal sealed class Q6SuperFormat() : QuantizedFormat(14, "Q6_K", 256, 210)
{
    protected override void DecodeBlock(ReadOnlySpan<byte> block, Span<float> values)
    {
        var factor = ReadHalf(block[208..]);
        for (var i = 0; i < values.Length; i++)
        {
            var (half, run, j) = (i / 128, i % 128 / 32, i % 32);
            var low = (block[64 * half + 32 * (run % 2) + j] >> (4 * (run / 2))) & 15;
            var high = (block[128 + 32 * half + j] >> (2 * run)) & 3;
            var scale = (sbyte)block[192 + 8 * half + 2 * run + j / 16];
            values[i] = factor * scale * ((low | (high << 4)) - 32);
        }
    }
}
