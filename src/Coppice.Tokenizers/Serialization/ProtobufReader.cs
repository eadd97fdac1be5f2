using System.Buffers.Binary;
using Coppice.Foundation;

namespace Coppice.Tokenizers.Serialization;

/// <summary>The value of one field of a Protocol Buffers message.</summary>
internal readonly ref struct ProtobufField
{
    /// <summary>The field's number.</summary>
    public required int Number { get; init; }

    /// <summary>The value of a number; a 32-bit float as its bits.</summary>
    public ulong Value { get; init; }

    /// <summary>The bytes of a string or an inner message; empty for a number.</summary>
    public ReadOnlySpan<byte> Bytes { get; init; }

    /// <summary>The value as a float.</summary>
    public float Float => BitConverter.UInt32BitsToSingle((uint)Value);
}

/// <summary>Reads the fields of a message in the wire format of Protocol Buffers; no length is believed beyond the message's end.</summary>
/// <param name="message">The message.</param>
internal ref struct ProtobufReader(ReadOnlySpan<byte> message)
{
    private readonly ReadOnlySpan<byte> message = message;
    private int position;

    /// <summary>Reads the next field.</summary>
    /// <returns>False at the end of the message.</returns>
    /// <exception cref="CoppiceException">The message is broken.</exception>
    public bool TryRead(out ProtobufField field)
    {
        field = default;
        if (position >= message.Length) return false;
        var tag = ReadVarint();
        var number = tag >> 3;
        if (number is 0 or > 0x1FFFFFFF) throw new CoppiceException("a field has no valid number");
        field = (tag & 7) switch
        {
            0 => new ProtobufField { Number = (int)number, Value = ReadVarint() },
            1 => new ProtobufField { Number = (int)number, Value = BinaryPrimitives.ReadUInt64LittleEndian(Take(8)) },
            2 => new ProtobufField { Number = (int)number, Bytes = Take(ReadVarint()) },
            5 => new ProtobufField { Number = (int)number, Value = BinaryPrimitives.ReadUInt32LittleEndian(Take(4)) },
            var wire => throw new CoppiceException($"a field has the unknown wire type {wire}"),
        };
        return true;
    }

    private ulong ReadVarint()
    {
        var value = 0UL;
        for (var shift = 0; shift < 64; shift += 7)
        {
            var next = Take(1)[0];
            value |= (ulong)(next & 0x7F) << shift;
            if (next < 0x80) return value;
        }

        throw new CoppiceException("a number has more than ten bytes");
    }

    private ReadOnlySpan<byte> Take(ulong length)
    {
        if (length > (ulong)(message.Length - position)) throw new CoppiceException("the message is cut off");
        var taken = message.Slice(position, (int)length);
        position += (int)length;
        return taken;
    }
}
