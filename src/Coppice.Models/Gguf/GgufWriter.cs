using System.Buffers;
using System.Buffers.Binary;
using System.Text;
using Coppice.Foundation;

namespace Coppice.Models.Gguf;

/// <summary>A tensor that is going to be written.</summary>
/// <param name="Name">Its name.</param>
/// <param name="Format">How its values are stored.</param>
/// <param name="Shape">The length of each dimension, slowest first.</param>
/// <param name="Write">Writes exactly the bytes that format and shape come to.</param>
internal sealed record GgufTensorToWrite(string Name, BlockFormat Format, IReadOnlyList<long> Shape, Action<Stream> Write)
{
    public long Bytes => Format.Bytes(Shape.Aggregate(1L, (product, length) => checked(product * length)));
}

/// <summary>Puts a GGUF file together: version 3, little-endian, metadata in the order in which they are added. The same input gives the same bytes.</summary>
internal sealed class GgufWriter
{
    private readonly ArrayBufferWriter<byte> _metadata = new();
    private ulong _entries;

    public void Add(string key, string value)
    {
        Begin(key, GgufValueType.Text);
        WriteText(_metadata, value);
    }

    public void Add(string key, uint value)
    {
        Begin(key, GgufValueType.UInt32);
        WriteUInt32(_metadata, value);
    }

    public void Add(string key, int value) => Add(key, checked((uint)value));

    public void Add(string key, float value)
    {
        Begin(key, GgufValueType.Float32);
        WriteUInt32(_metadata, BitConverter.SingleToUInt32Bits(value));
    }

    public void Add(string key, bool value)
    {
        Begin(key, GgufValueType.Bool);
        _metadata.Write([value ? (byte)1 : (byte)0]);
    }

    public void Add(string key, IReadOnlyCollection<string> values)
    {
        BeginArray(key, GgufValueType.Text, values.Count);
        foreach (var value in values) WriteText(_metadata, value);
    }

    public void Add(string key, IReadOnlyCollection<float> values)
    {
        BeginArray(key, GgufValueType.Float32, values.Count);
        foreach (var value in values) WriteUInt32(_metadata, BitConverter.SingleToUInt32Bits(value));
    }

    public void Add(string key, IReadOnlyCollection<int> values)
    {
        BeginArray(key, GgufValueType.Int32, values.Count);
        foreach (var value in values) WriteUInt32(_metadata, unchecked((uint)value));
    }

    /// <summary>Writes the file.</summary>
    /// <param name="path">The file to create or replace.</param>
    /// <param name="tensors">The tensors, in the order in which they shall lie.</param>
    /// <exception cref="CoppiceException">The file can't be written.</exception>
    public void Write(string path, IReadOnlyList<GgufTensorToWrite> tensors) => AtomicFile.Write(path, stream =>
    {
        stream.Write(Header(tensors).WrittenSpan);
        foreach (var tensor in tensors)
        {
            tensor.Write(stream);
            stream.Write(new byte[Aligned(tensor.Bytes) - tensor.Bytes]);
        }
    });

    private ArrayBufferWriter<byte> Header(IReadOnlyList<GgufTensorToWrite> tensors)
    {
        var header = new ArrayBufferWriter<byte>();
        WriteUInt32(header, GgufFile.Magic);
        WriteUInt32(header, GgufFile.Version);
        WriteUInt64(header, (ulong)tensors.Count);
        WriteUInt64(header, _entries);
        header.Write(_metadata.WrittenSpan);
        var offset = 0L;
        foreach (var tensor in tensors)
        {
            WriteText(header, tensor.Name);
            WriteUInt32(header, (uint)tensor.Shape.Count);
            foreach (var length in tensor.Shape.Reverse()) WriteUInt64(header, (ulong)length);
            WriteUInt32(header, tensor.Format.Code);
            WriteUInt64(header, (ulong)offset);
            offset += Aligned(tensor.Bytes);
        }

        header.Write(new byte[Aligned(header.WrittenCount) - header.WrittenCount]);
        return header;
    }

    private static long Aligned(long position) => GgufFile.Aligned(position, GgufFile.DefaultAlignment);

    private void BeginArray(string key, GgufValueType elementType, int count)
    {
        Begin(key, GgufValueType.Array);
        WriteUInt32(_metadata, (uint)elementType);
        WriteUInt64(_metadata, (ulong)count);
    }

    private void Begin(string key, GgufValueType type)
    {
        _entries++;
        WriteText(_metadata, key);
        WriteUInt32(_metadata, (uint)type);
    }

    private static void WriteText(ArrayBufferWriter<byte> buffer, string text)
    {
        var bytes = Encoding.UTF8.GetBytes(text);
        WriteUInt64(buffer, (ulong)bytes.Length);
        buffer.Write(bytes);
    }

    private static void WriteUInt32(ArrayBufferWriter<byte> buffer, uint value)
    {
        Span<byte> bytes = stackalloc byte[4];
        BinaryPrimitives.WriteUInt32LittleEndian(bytes, value);
        buffer.Write(bytes);
    }

    private static void WriteUInt64(ArrayBufferWriter<byte> buffer, ulong value)
    {
        Span<byte> bytes = stackalloc byte[8];
        BinaryPrimitives.WriteUInt64LittleEndian(bytes, value);
        buffer.Write(bytes);
    }
}
