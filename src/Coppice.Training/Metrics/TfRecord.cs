using System.Buffers.Binary;
using System.Numerics;

namespace Coppice.Training.Metrics;

/// <summary>
/// The framing of TensorFlow's record files: length (8 bytes, little-endian), checksum of the length (4), the record, checksum of the record (4).
/// The checksums are CRC-32C, rotated and shifted so that a checksum of data with checksums inside stays meaningful.
/// </summary>
internal static class TfRecord
{
    public static void Write(Stream stream, ReadOnlySpan<byte> record)
    {
        Span<byte> length = stackalloc byte[8];
        BinaryPrimitives.WriteUInt64LittleEndian(length, (ulong)record.Length);
        stream.Write(length);
        WriteChecksum(stream, length);
        stream.Write(record);
        WriteChecksum(stream, record);
    }

    public static uint MaskedCrc32C(ReadOnlySpan<byte> data)
    {
        var crc = Crc32C(data);
        return BitOperations.RotateRight(crc, 15) + 0xA282EAD8;
    }

    public static uint Crc32C(ReadOnlySpan<byte> data)
    {
        var crc = uint.MaxValue;
        foreach (var value in data) crc = BitOperations.Crc32C(crc, value);
        return ~crc;
    }

    private static void WriteChecksum(Stream stream, ReadOnlySpan<byte> data)
    {
        Span<byte> checksum = stackalloc byte[4];
        BinaryPrimitives.WriteUInt32LittleEndian(checksum, MaskedCrc32C(data));
        stream.Write(checksum);
    }
}
