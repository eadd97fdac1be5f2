using System.Buffers;
using System.Buffers.Binary;

namespace Coppice.Corpus.Selection;

/// <summary>Numbers in sketches: whole ones in as many bytes as they need (seven bits each, the lowest first), others little-endian.</summary>
internal static class SketchNumbers
{
    public static void WriteWhole(this IBufferWriter<byte> output, ulong value)
    {
        var span = output.GetSpan(10);
        var length = 0;
        for (; value >= 0x80; value >>= 7) span[length++] = (byte)(value | 0x80);
        span[length++] = (byte)value;
        output.Advance(length);
    }

    public static void WriteFixed(this IBufferWriter<byte> output, ulong value)
    {
        BinaryPrimitives.WriteUInt64LittleEndian(output.GetSpan(8), value);
        output.Advance(8);
    }

    public static void WriteNumber(this IBufferWriter<byte> output, double value) => output.WriteFixed(BitConverter.DoubleToUInt64Bits(value));

    public static ulong ReadWhole(ref ReadOnlySpan<byte> input)
    {
        var value = 0UL;
        for (var shift = 0; ; shift += 7)
        {
            var part = input[0];
            input = input[1..];
            value |= (ulong)(part & 0x7F) << shift;
            if (part < 0x80) return value;
        }
    }

    public static ulong ReadFixed(ref ReadOnlySpan<byte> input)
    {
        var value = BinaryPrimitives.ReadUInt64LittleEndian(input);
        input = input[8..];
        return value;
    }

    public static double ReadNumber(ref ReadOnlySpan<byte> input) => BitConverter.UInt64BitsToDouble(ReadFixed(ref input));
}
