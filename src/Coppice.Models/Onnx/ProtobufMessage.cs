using System.Buffers.Binary;
using System.Text;

namespace Coppice.Models.Onnx;

/// <summary>A message of Protocol Buffers that is being put together. Large contents are made only while it is written.</summary>
internal sealed class ProtobufMessage
{
    private const int Varint = 0, LengthDelimited = 2, Fixed32 = 5;

    private readonly List<Action<Stream>> _parts = [];

    /// <summary>The bytes that it takes.</summary>
    public long Length { get; private set; }

    /// <summary>Adds a whole number.</summary>
    /// <param name="field">The field's number.</param>
    /// <param name="value">The number.</param>
    public ProtobufMessage Add(int field, long value)
    {
        Tag(field, Varint);
        Number((ulong)value);
        return this;
    }

    /// <summary>Adds a number of single precision.</summary>
    /// <param name="field">The field's number.</param>
    /// <param name="value">The number.</param>
    public ProtobufMessage Add(int field, float value)
    {
        Tag(field, Fixed32);
        var bytes = new byte[sizeof(float)];
        BinaryPrimitives.WriteSingleLittleEndian(bytes, value);
        Bytes(bytes);
        return this;
    }

    /// <summary>Adds a text.</summary>
    /// <param name="field">The field's number.</param>
    /// <param name="text">The text.</param>
    public ProtobufMessage Add(int field, string text)
    {
        var bytes = Encoding.UTF8.GetBytes(text);
        return Add(field, bytes.Length, stream => stream.Write(bytes));
    }

    /// <summary>Adds another message, as it is now.</summary>
    /// <param name="field">The field's number.</param>
    /// <param name="message">The message.</param>
    public ProtobufMessage Add(int field, ProtobufMessage message) => Add(field, message.Length, message.WriteTo);

    /// <summary>Adds bytes.</summary>
    /// <param name="field">The field's number.</param>
    /// <param name="length">How many.</param>
    /// <param name="write">Writes them.</param>
    public ProtobufMessage Add(int field, long length, Action<Stream> write)
    {
        Tag(field, LengthDelimited);
        Number((ulong)length);
        _parts.Add(write);
        Length += length;
        return this;
    }

    /// <summary>Writes it.</summary>
    /// <param name="stream">Takes it.</param>
    public void WriteTo(Stream stream)
    {
        foreach (var part in _parts) part(stream);
    }

    private void Tag(int field, int wireType) => Number((ulong)((field << 3) | wireType));

    private void Number(ulong value)
    {
        var bytes = new List<byte>();
        for (; value >= 0x80; value >>= 7) bytes.Add((byte)(value | 0x80));
        bytes.Add((byte)value);
        Bytes([.. bytes]);
    }

    private void Bytes(byte[] bytes)
    {
        _parts.Add(stream => stream.Write(bytes));
        Length += bytes.Length;
    }
}
