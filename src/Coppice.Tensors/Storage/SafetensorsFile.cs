using System.Buffers.Binary;
using System.Runtime.InteropServices;
using Coppice.Foundation;
using Microsoft.Win32.SafeHandles;

namespace Coppice.Tensors.Storage;

/// <summary>
/// A safetensors file that is open for reading. Opening reads and checks the whole header; tensors are read when asked for,
/// from any number of threads at once.
/// </summary>
public sealed class SafetensorsFile : IDisposable
{
    private const int ChunkBytes = 1 << 16;
    private const int MaximumReadElements = 1 << 27;

    private readonly SafeFileHandle _handle;
    private readonly long _dataStart;
    private readonly Dictionary<string, TensorInfo> _byName;

    private SafetensorsFile(string path, SafeFileHandle handle, long dataStart, SafetensorsHeader header)
    {
        Path = path;
        _handle = handle;
        _dataStart = dataStart;
        Metadata = header.Metadata;
        Tensors = header.Tensors;
        _byName = header.Tensors.ToDictionary(tensor => tensor.Name, StringComparer.Ordinal);
    }

    /// <summary>The file.</summary>
    public string Path { get; }

    /// <summary>The strings that describe the file (the header's <c>__metadata__</c>); empty where there are none.</summary>
    public IReadOnlyDictionary<string, string> Metadata { get; }

    /// <summary>The tensors in the order of their data.</summary>
    public IReadOnlyList<TensorInfo> Tensors { get; }

    /// <summary>Opens a file and checks its header.</summary>
    /// <param name="path">The file.</param>
    /// <exception cref="CoppiceException">The file can't be read or its header is wrong: the message says where.</exception>
    public static SafetensorsFile Open(string path)
    {
        SafeFileHandle? handle = null;
        try
        {
            handle = File.OpenHandle(path);
            var fileLength = RandomAccess.GetLength(handle);
            Span<byte> prefix = stackalloc byte[SafetensorsHeader.PrefixLength];
            ReadExactly(path, handle, prefix, 0);
            var headerLength = SafetensorsHeader.CheckLength(path, BinaryPrimitives.ReadUInt64LittleEndian(prefix), fileLength);
            var json = new byte[headerLength];
            ReadExactly(path, handle, json, SafetensorsHeader.PrefixLength);
            var dataStart = SafetensorsHeader.PrefixLength + headerLength;
            return new SafetensorsFile(path, handle, dataStart, SafetensorsHeader.Parse(path, json, fileLength - dataStart));
        }
        catch (Exception error)
        {
            handle?.Dispose();
            if (error is IOException or UnauthorizedAccessException or NotSupportedException)
            {
                throw new CoppiceException($"{path}: can't be read: {error.Message}", inner: error);
            }

            throw;
        }
    }

    /// <summary>Whether the file has a tensor.</summary>
    /// <param name="name">The tensor's name.</param>
    public bool Contains(string name) => _byName.ContainsKey(name);

    /// <summary>What the file says about a tensor.</summary>
    /// <param name="name">The tensor's name.</param>
    /// <exception cref="CoppiceException">The file has no such tensor.</exception>
    public TensorInfo Find(string name) => _byName.TryGetValue(name, out var info)
        ? info
        : throw new CoppiceException($"{Path}: has no tensor '{name}'{NearestName.Hint(name, _byName.Keys)}");

    /// <summary>Reads a floating-point tensor (F16, BF16, F32 or F64) as float32; only F64 is rounded.</summary>
    /// <param name="name">The tensor's name.</param>
    /// <param name="destination">As many elements as the tensor has.</param>
    /// <exception cref="CoppiceException">There is no such tensor, it has another size, it is not floating-point, or the file ends early.</exception>
    public void ReadFloats(string name, Span<float> destination)
    {
        RequireCount(Find(name), destination.Length);
        ReadFloats(name, 0, destination);
    }

    /// <summary>Reads a floating-point tensor into a new array.</summary>
    /// <param name="name">The tensor's name.</param>
    /// <exception cref="CoppiceException">As <see cref="ReadFloats(string, Span{float})"/>, or the tensor is too large for one array.</exception>
    public float[] ReadFloats(string name)
    {
        var values = new float[ArrayLength(Find(name))];
        ReadFloats(name, 0, values);
        return values;
    }

    /// <summary>Reads part of a floating-point tensor as float32.</summary>
    /// <param name="name">The tensor's name.</param>
    /// <param name="start">The first element to read.</param>
    /// <param name="destination">Receives the elements; its length says how many.</param>
    /// <exception cref="CoppiceException">As <see cref="ReadFloats(string, Span{float})"/>, or the part lies outside the tensor.</exception>
    public void ReadFloats(string name, long start, Span<float> destination)
    {
        var info = Find(name);
        RequireRange(info, start, destination.Length);
        switch (info.DataType)
        {
            case TensorDataType.F32:
                Read(info, start, destination);
                break;
            case TensorDataType.F16:
                Convert<Half, float>(info, start, destination, static value => (float)value);
                break;
            case TensorDataType.BF16:
                Convert<ushort, float>(info, start, destination, BFloat16.ToSingle);
                break;
            case TensorDataType.F64:
                Convert<double, float>(info, start, destination, static value => (float)value);
                break;
            default:
                throw new CoppiceException($"{Path}: tensor '{name}' is {info.DataType.Name()}, not floating-point");
        }
    }

    /// <summary>Reads a tensor of whole numbers or truth values.</summary>
    /// <param name="name">The tensor's name.</param>
    /// <param name="destination">As many elements as the tensor has.</param>
    /// <exception cref="CoppiceException">There is no such tensor, it has another size, it is floating-point, a U64 is too large, or the file ends early.</exception>
    public void ReadIntegers(string name, Span<long> destination)
    {
        var info = Find(name);
        RequireCount(info, destination.Length);
        switch (info.DataType)
        {
            case TensorDataType.I64:
                Read(info, 0, destination);
                break;
            case TensorDataType.U64:
                Convert<ulong, long>(info, 0, destination, value => value <= long.MaxValue
                    ? (long)value
                    : throw new CoppiceException($"{Path}: tensor '{name}' holds {value}, which is more than {long.MaxValue}"));
                break;
            case TensorDataType.I32:
                Convert<int, long>(info, 0, destination, static value => value);
                break;
            case TensorDataType.U32:
                Convert<uint, long>(info, 0, destination, static value => value);
                break;
            case TensorDataType.I16:
                Convert<short, long>(info, 0, destination, static value => value);
                break;
            case TensorDataType.U16:
                Convert<ushort, long>(info, 0, destination, static value => value);
                break;
            case TensorDataType.I8:
                Convert<sbyte, long>(info, 0, destination, static value => value);
                break;
            case TensorDataType.U8 or TensorDataType.Bool:
                Convert<byte, long>(info, 0, destination, static value => value);
                break;
            default:
                throw new CoppiceException($"{Path}: tensor '{name}' is {info.DataType.Name()}, not whole numbers");
        }
    }

    /// <summary>Reads a tensor of whole numbers or truth values into a new array.</summary>
    /// <param name="name">The tensor's name.</param>
    /// <exception cref="CoppiceException">As <see cref="ReadIntegers(string, Span{long})"/>, or the tensor is too large for one array.</exception>
    public long[] ReadIntegers(string name)
    {
        var values = new long[ArrayLength(Find(name))];
        ReadIntegers(name, values);
        return values;
    }

    /// <inheritdoc/>
    public void Dispose() => _handle.Dispose();

    private void Convert<TStored, TValue>(TensorInfo info, long start, Span<TValue> destination, Func<TStored, TValue> convert)
        where TStored : unmanaged
    {
        var chunk = new TStored[Math.Min(destination.Length, ChunkBytes / info.DataType.ElementSize())];
        for (var done = 0; done < destination.Length; done += chunk.Length)
        {
            var part = chunk.AsSpan(0, Math.Min(chunk.Length, destination.Length - done));
            Read(info, start + done, part);
            for (var i = 0; i < part.Length; i++) destination[done + i] = convert(part[i]);
        }
    }

    // In parts, because a span of bytes can't be as long as a span of wider elements.
    private void Read<T>(TensorInfo info, long start, Span<T> destination)
        where T : unmanaged
    {
        try
        {
            var position = _dataStart + info.Offset + (start * info.DataType.ElementSize());
            while (destination.Length > 0)
            {
                var part = MemoryMarshal.AsBytes(destination[..Math.Min(destination.Length, MaximumReadElements)]);
                ReadExactly(Path, _handle, part, position);
                destination = destination[Math.Min(destination.Length, MaximumReadElements)..];
                position += part.Length;
            }
        }
        catch (IOException error)
        {
            throw new CoppiceException($"{Path}: tensor '{info.Name}' can't be read: {error.Message}", inner: error);
        }
    }

    private static void ReadExactly(string path, SafeFileHandle handle, Span<byte> destination, long position)
    {
        if (!PositionedRead.Fill(handle, destination, position)) throw new CoppiceException($"{path}: not a valid safetensors file: it ends before the {destination.Length} bytes at {position} that it should hold");
    }

    private void RequireCount(TensorInfo info, int length)
    {
        if (info.Count != length) throw new CoppiceException($"{Path}: tensor '{info.Name}' has {info.Count} elements, {length} were expected");
    }

    private void RequireRange(TensorInfo info, long start, int length)
    {
        if (start < 0 || start > info.Count - length)
        {
            throw new CoppiceException($"{Path}: tensor '{info.Name}' has {info.Count} elements, {length} from {start} on were asked for");
        }
    }

    private long ArrayLength(TensorInfo info) => info.Count <= Array.MaxLength
        ? info.Count
        : throw new CoppiceException($"{Path}: tensor '{info.Name}' has {info.Count} elements, too many for one array; read it in parts");
}
