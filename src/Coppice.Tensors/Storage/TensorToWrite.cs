using System.Runtime.InteropServices;

namespace Coppice.Tensors.Storage;

/// <summary>Gives part of a tensor's values, so that a tensor of any size is written without a second copy of it.</summary>
/// <param name="start">The first element asked for.</param>
/// <param name="destination">Receives the elements; its length says how many.</param>
public delegate void FloatSource(long start, Span<float> destination);

/// <summary>A tensor that is going to be written to a safetensors file.</summary>
public sealed class TensorToWrite
{
    private const int ChunkElements = 1 << 14;

    private readonly Action<Stream> _write;

    private TensorToWrite(string name, TensorDataType dataType, long[] shape, Func<long, Action<Stream>> write)
    {
        long count = 1;
        foreach (var dimension in shape)
        {
            ArgumentOutOfRangeException.ThrowIfNegative(dimension, nameof(shape));
            count = checked(count * dimension);
        }

        Name = name;
        DataType = dataType;
        Shape = shape;
        ByteCount = checked(count * dataType.ElementSize());
        _write = write(count);
    }

    /// <summary>The tensor's name.</summary>
    public string Name { get; }

    /// <summary>How an element is stored.</summary>
    public TensorDataType DataType { get; }

    /// <summary>The length of each dimension, slowest first; empty for a scalar.</summary>
    public IReadOnlyList<long> Shape { get; }

    /// <summary>The number of bytes the tensor takes.</summary>
    public long ByteCount { get; }

    /// <summary>A floating-point tensor whose values are asked for part by part, in order, while the file is written.</summary>
    /// <param name="name">The tensor's name.</param>
    /// <param name="shape">The length of each dimension.</param>
    /// <param name="source">Gives the values.</param>
    /// <param name="dataType">F32, or F16 or BF16, to which values are rounded to nearest, ties to even.</param>
    public static TensorToWrite Floats(string name, long[] shape, FloatSource source, TensorDataType dataType = TensorDataType.F32)
    {
        if (dataType is not (TensorDataType.F32 or TensorDataType.F16 or TensorDataType.BF16))
        {
            throw new ArgumentOutOfRangeException(nameof(dataType), dataType, "Floating-point tensors are written as F32, F16 or BF16.");
        }

        return new TensorToWrite(name, dataType, shape, count => stream => WriteFloats(stream, count, source, dataType));
    }

    /// <summary>A floating-point tensor that lies in memory.</summary>
    /// <param name="name">The tensor's name.</param>
    /// <param name="shape">The length of each dimension.</param>
    /// <param name="values">As many values as the shape has elements.</param>
    /// <param name="dataType">F32, F16 or BF16.</param>
    public static TensorToWrite Floats(string name, long[] shape, ReadOnlyMemory<float> values, TensorDataType dataType = TensorDataType.F32)
    {
        var tensor = Floats(name, shape, (start, destination) => values.Span.Slice((int)start, destination.Length).CopyTo(destination), dataType);
        tensor.RequireBytes(values.Length * (long)dataType.ElementSize());
        return tensor;
    }

    /// <summary>A tensor of whole numbers (I64) that lies in memory.</summary>
    /// <param name="name">The tensor's name.</param>
    /// <param name="shape">The length of each dimension.</param>
    /// <param name="values">As many values as the shape has elements.</param>
    public static TensorToWrite Integers(string name, long[] shape, ReadOnlyMemory<long> values)
    {
        var tensor = new TensorToWrite(name, TensorDataType.I64, shape, _ => stream => stream.Write(MemoryMarshal.AsBytes(values.Span)));
        tensor.RequireBytes(values.Length * 8L);
        return tensor;
    }

    internal void WriteTo(Stream stream) => _write(stream);

    private static void WriteFloats(Stream stream, long count, FloatSource source, TensorDataType dataType)
    {
        var values = new float[Math.Min(count, ChunkElements)];
        var halves = new ushort[dataType == TensorDataType.F32 ? 0 : values.Length];
        for (long start = 0; start < count; start += values.Length)
        {
            var part = values.AsSpan(0, (int)Math.Min(values.Length, count - start));
            source(start, part);
            if (dataType == TensorDataType.F32)
            {
                stream.Write(MemoryMarshal.AsBytes(part));
                continue;
            }

            for (var i = 0; i < part.Length; i++)
            {
                halves[i] = dataType == TensorDataType.BF16 ? BFloat16.FromSingle(part[i]) : BitConverter.HalfToUInt16Bits((Half)part[i]);
            }

            stream.Write(MemoryMarshal.AsBytes(halves.AsSpan(0, part.Length)));
        }
    }

    private void RequireBytes(long bytes)
    {
        if (bytes != ByteCount) throw new ArgumentException($"Tensor '{Name}' has a shape of {ByteCount / DataType.ElementSize()} elements but {bytes / DataType.ElementSize()} values.");
    }
}
