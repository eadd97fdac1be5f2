using System.Buffers.Binary;
using System.Text;
using Coppice.Foundation;
using Microsoft.Win32.SafeHandles;

namespace Coppice.Models.Gguf;

/// <summary>Reads a GGUF file from front to end, little-endian. No length is believed that goes beyond the end of the file.</summary>
internal sealed class GgufCursor(string path, SafeFileHandle handle, long length, long position)
{
    private const int BufferBytes = 1 << 16;
    private const int MaximumMessage = 500;

    private static readonly UTF8Encoding Strict = new(encoderShouldEmitUTF8Identifier: false, throwOnInvalidBytes: true);

    private readonly byte[] _buffer = new byte[BufferBytes];
    private long _bufferStart;
    private int _buffered;

    /// <summary>Where the next byte is read.</summary>
    public long Position { get; private set; } = position;

    /// <summary>Bytes up to the end of the file.</summary>
    public long Remaining => length - Position;

    public uint ReadUInt32() => BinaryPrimitives.ReadUInt32LittleEndian(Take(4));

    public ulong ReadUInt64() => BinaryPrimitives.ReadUInt64LittleEndian(Take(8));

    /// <summary>A number of things to come, each of which takes some bytes at least.</summary>
    /// <param name="what">What is counted, for the message.</param>
    /// <param name="smallest">The fewest bytes that one takes.</param>
    public long ReadCount(string what, int smallest)
    {
        var count = ReadUInt64();
        return count <= (ulong)(Remaining / smallest) ? (long)count : throw Error($"it claims {count} {what}, for which its {length} bytes have no room");
    }

    public string ReadText(string what)
    {
        var count = ReadCount($"bytes of {what}", 1);
        if (count > BufferBytes) return ReadLongText(what, count);
        return Decode(what, Take((int)count));
    }

    /// <summary>Passes over bytes.</summary>
    public void Skip(long count)
    {
        if (count > Remaining) throw Ended();
        Position += count;
    }

    /// <summary>A single value.</summary>
    /// <returns>A long or ulong, double, bool or string.</returns>
    public object ReadScalar(GgufValueType type, string what) => type switch
    {
        GgufValueType.UInt8 => (long)Take(1)[0],
        GgufValueType.Int8 => (long)(sbyte)Take(1)[0],
        GgufValueType.UInt16 => (long)BinaryPrimitives.ReadUInt16LittleEndian(Take(2)),
        GgufValueType.Int16 => (long)BinaryPrimitives.ReadInt16LittleEndian(Take(2)),
        GgufValueType.UInt32 => (long)ReadUInt32(),
        GgufValueType.Int32 => (long)BinaryPrimitives.ReadInt32LittleEndian(Take(4)),
        GgufValueType.Float32 => (double)BinaryPrimitives.ReadSingleLittleEndian(Take(4)),
        GgufValueType.Bool => Take(1)[0] != 0,
        GgufValueType.Text => ReadText(what),
        GgufValueType.UInt64 => ReadUInt64() is var value && value <= long.MaxValue ? (long)value : value,
        GgufValueType.Int64 => BinaryPrimitives.ReadInt64LittleEndian(Take(8)),
        GgufValueType.Float64 => BinaryPrimitives.ReadDoubleLittleEndian(Take(8)),
        _ => throw Error($"{what} has the type {(uint)type}, which is none"),
    };

    /// <summary>Passes over an array and says where it lies.</summary>
    public GgufArray ReadArray(string what)
    {
        var type = (GgufValueType)ReadUInt32();
        var size = SizeOf(type);
        if (size == 0) throw Error($"{what} is an array of the type {(uint)type}, which is not supported");
        var count = ReadCount($"elements of {what}", size);
        var array = new GgufArray(type, count, Position);
        if (type != GgufValueType.Text)
        {
            Skip(count * size);
            return array;
        }

        for (var i = 0L; i < count; i++) Skip(ReadCount($"bytes of {what}", 1));
        return array;
    }

    public CoppiceException Error(string what, Exception? inner = null) =>
        new($"{path}: is not a valid GGUF file: {(what.Length <= MaximumMessage ? what : what[..MaximumMessage] + "...")}", inner: inner);

    // Of a text the length alone is certain; arrays in arrays are in nobody's files.
    private static int SizeOf(GgufValueType type) => type switch
    {
        GgufValueType.UInt8 or GgufValueType.Int8 or GgufValueType.Bool => 1,
        GgufValueType.UInt16 or GgufValueType.Int16 => 2,
        GgufValueType.UInt32 or GgufValueType.Int32 or GgufValueType.Float32 => 4,
        GgufValueType.UInt64 or GgufValueType.Int64 or GgufValueType.Float64 or GgufValueType.Text => 8,
        _ => 0,
    };

    private string ReadLongText(string what, long count)
    {
        if (count > Array.MaxLength) throw Error($"{what} takes {count} bytes, more than a text can have");
        var bytes = new byte[count];
        ReadAt(Position, bytes);
        Position += count;
        return Decode(what, bytes);
    }

    private string Decode(string what, ReadOnlySpan<byte> bytes)
    {
        try
        {
            return Strict.GetString(bytes);
        }
        catch (DecoderFallbackException error)
        {
            throw Error($"{what} is not valid UTF-8", error);
        }
    }

    private ReadOnlySpan<byte> Take(int count)
    {
        if (count > Remaining) throw Ended();
        if (Position < _bufferStart || Position + count > _bufferStart + _buffered)
        {
            _buffered = (int)Math.Min(BufferBytes, Remaining);
            _bufferStart = Position;
            ReadAt(Position, _buffer.AsSpan(0, _buffered));
        }

        var taken = _buffer.AsSpan((int)(Position - _bufferStart), count);
        Position += count;
        return taken;
    }

    private void ReadAt(long from, Span<byte> destination)
    {
        while (destination.Length > 0)
        {
            var read = RandomAccess.Read(handle, destination, from);
            if (read == 0) throw Ended();
            destination = destination[read..];
            from += read;
        }
    }

    private CoppiceException Ended() => Error($"it ends after {length} bytes, before what it should hold");
}
