using Coppice.Foundation;
using Microsoft.Win32.SafeHandles;

namespace Coppice.Models.Gguf;

/// <summary>
/// A GGUF file that is open for reading: magic number, version, metadata, descriptions of tensors, then their data, each aligned. Opening reads and
/// checks everything before the data; tensors are read when asked for. Versions 2 and 3, little-endian.
/// </summary>
public sealed class GgufFile : IDisposable
{
    internal const uint Magic = 0x46554747;
    internal const uint Version = 3;
    internal const int DefaultAlignment = 32;
    internal const string AlignmentKey = "general.alignment";

    private const int LongestName = 1024;
    private const int MostDimensions = 4;
    private const int LargestAlignment = 1 << 16;
    private const int ChunkBytes = 1 << 20;

    private readonly SafeFileHandle _handle;
    private readonly Dictionary<string, GgufTensor> _byName;

    private GgufFile(string path, SafeFileHandle handle)
    {
        (Path, _handle) = (path, handle);
        Length = RandomAccess.GetLength(handle);
        var cursor = new GgufCursor(path, handle, Length, 0);
        if (Length < 4 || cursor.ReadUInt32() != Magic) throw new CoppiceException($"{path}: is not a GGUF file: it doesn't begin with 'GGUF'");
        var version = cursor.ReadUInt32();
        if (version is not (2 or 3)) throw new CoppiceException($"{path}: is GGUF of version {version}; versions 2 and 3, little-endian, are supported");
        // A tensor is described by at least the length of its name, a number of dimensions, one dimension, a type and an offset.
        var tensors = cursor.ReadCount("tensors", 8 + 4 + 8 + 4 + 8);
        var entries = cursor.ReadCount("metadata values", 8 + 4 + 1);
        Metadata = ReadMetadata(cursor, entries);
        var alignment = Metadata.Size(AlignmentKey, DefaultAlignment, LargestAlignment);
        if (!int.IsPow2(alignment)) throw Metadata.Error(AlignmentKey, $"{alignment} is no power of two");
        Tensors = ReadTensors(cursor, tensors, alignment);
        _byName = Tensors.ToDictionary(tensor => tensor.Name, StringComparer.Ordinal);
    }

    /// <summary>The file.</summary>
    public string Path { get; }

    /// <summary>Its length in bytes.</summary>
    public long Length { get; }

    /// <summary>The tensors in the order of their data.</summary>
    public IReadOnlyList<GgufTensor> Tensors { get; }

    internal GgufMetadata Metadata { get; }

    /// <summary>Opens a file and checks everything but the values of its tensors.</summary>
    /// <param name="path">The file.</param>
    /// <exception cref="CoppiceException">The file can't be read, or what it says can't be true: the message says where.</exception>
    public static GgufFile Open(string path)
    {
        SafeFileHandle? handle = null;
        try
        {
            handle = File.OpenHandle(path);
            return new GgufFile(path, handle);
        }
        catch (Exception error)
        {
            handle?.Dispose();
            if (error is IOException or UnauthorizedAccessException or NotSupportedException) throw new CoppiceException($"{path}: can't be read: {error.Message}", inner: error);
            throw;
        }
    }

    /// <summary>Whether the file has a tensor.</summary>
    /// <param name="name">The tensor's name.</param>
    public bool Contains(string name) => _byName.ContainsKey(name);

    /// <summary>What the file says about a tensor.</summary>
    /// <param name="name">The tensor's name.</param>
    /// <exception cref="CoppiceException">The file has no such tensor.</exception>
    public GgufTensor Find(string name) =>
        _byName.TryGetValue(name, out var tensor) ? tensor : throw new CoppiceException($"{Path}: has no tensor '{name}'{NearestName.Hint(name, _byName.Keys)}");

    /// <summary>Reads a tensor as float32.</summary>
    /// <param name="name">The tensor's name.</param>
    /// <returns>Its values, the last dimension fastest.</returns>
    /// <exception cref="CoppiceException">There is no such tensor, it is too large for one array, or the file can't be read.</exception>
    public float[] ReadFloats(string name)
    {
        var tensor = Find(name);
        if (tensor.Count > Array.MaxLength) throw new CoppiceException($"{Path}: tensor '{name}' has {tensor.Count} values, too many for one array");
        var values = new float[tensor.Count];
        var (format, position) = (tensor.Format, tensor.Offset);
        var blocks = new byte[Math.Min(tensor.Bytes, ChunkBytes / format.BlockBytes * format.BlockBytes)];
        for (var done = 0; done < values.Length;)
        {
            var part = values.AsSpan(done, Math.Min(values.Length - done, blocks.Length / format.BlockBytes * format.BlockValues));
            var bytes = blocks.AsSpan(0, (int)format.Bytes(part.Length));
            ReadExactly(name, bytes, position);
            format.Decode(bytes, part);
            done += part.Length;
            position += bytes.Length;
        }

        return values;
    }

    /// <summary>Reads a tensor as it is stored.</summary>
    /// <param name="name">The tensor's name.</param>
    /// <returns>Its blocks.</returns>
    /// <exception cref="CoppiceException">There is no such tensor, it is too large for one array, or the file can't be read.</exception>
    public byte[] ReadBytes(string name)
    {
        var tensor = Find(name);
        if (tensor.Bytes > Array.MaxLength) throw new CoppiceException($"{Path}: tensor '{name}' has {tensor.Bytes} bytes, too many for one array");
        var bytes = new byte[tensor.Bytes];
        ReadExactly(name, bytes, tensor.Offset);
        return bytes;
    }

    /// <inheritdoc/>
    public void Dispose() => _handle.Dispose();

    /// <summary>The elements of an array of the metadata, one after the other.</summary>
    /// <param name="array">The array.</param>
    /// <param name="what">What it is, for messages.</param>
    internal IEnumerable<object> Read(GgufArray array, string what)
    {
        var cursor = new GgufCursor(Path, _handle, Length, array.Position);
        for (var i = 0L; i < array.Count; i++) yield return cursor.ReadScalar(array.ElementType, what);
    }

    private GgufMetadata ReadMetadata(GgufCursor cursor, long entries)
    {
        var values = new Dictionary<string, object>(StringComparer.Ordinal);
        for (var i = 0L; i < entries; i++)
        {
            var key = ReadName(cursor, "a key");
            var type = (GgufValueType)cursor.ReadUInt32();
            var value = type == GgufValueType.Array ? cursor.ReadArray(key) : cursor.ReadScalar(type, key);
            if (!values.TryAdd(key, value)) throw cursor.Error($"it has the key '{key}' twice");
        }

        return new GgufMetadata(Path, values);
    }

    private static List<GgufTensor> ReadTensors(GgufCursor cursor, long count, int alignment)
    {
        var tensors = new List<GgufTensor>();
        var names = new HashSet<string>(StringComparer.Ordinal);
        for (var i = 0L; i < count; i++)
        {
            var tensor = ReadTensor(cursor, alignment);
            if (!names.Add(tensor.Name)) throw cursor.Error($"it has the tensor '{tensor.Name}' twice");
            tensors.Add(tensor);
        }

        var start = Aligned(cursor.Position, alignment);
        var dataBytes = cursor.Position + cursor.Remaining - start;
        var end = 0L;
        // Data that two tensors shared would make a small file a large model.
        foreach (var tensor in tensors.OrderBy(tensor => tensor.Offset))
        {
            if (tensor.Offset < end) throw cursor.Error($"tensor '{tensor.Name}' begins inside the tensor before it");
            if (tensor.Bytes > dataBytes - tensor.Offset) throw cursor.Error($"tensor '{tensor.Name}' of {tensor.Bytes} bytes goes beyond its end; the file is truncated or damaged");
            end = tensor.Offset + tensor.Bytes;
        }

        return [.. tensors.OrderBy(tensor => tensor.Offset).Select(tensor => tensor with { Offset = start + tensor.Offset })];
    }

    private static GgufTensor ReadTensor(GgufCursor cursor, int alignment)
    {
        var name = ReadName(cursor, "a tensor's name");
        var dimensions = cursor.ReadUInt32();
        if (dimensions is 0 or > MostDimensions) throw cursor.Error($"tensor '{name}' has {dimensions} dimensions");
        var shape = new long[dimensions];
        var count = 1L;
        for (var i = shape.Length - 1; i >= 0; i--)
        {
            var length = cursor.ReadUInt64();
            // Below this every format's number of bytes fits in 64 bits.
            if (length == 0 || length > (ulong)(long.MaxValue / 8 / count)) throw cursor.Error($"tensor '{name}' has a dimension of {length}");
            shape[i] = (long)length;
            count *= shape[i];
        }

        var code = cursor.ReadUInt32();
        var format = BlockFormat.All.FirstOrDefault(format => format.Code == code)
            ?? throw cursor.Error($"tensor '{name}' is stored as type {code}; supported are {string.Join(", ", BlockFormat.All.Select(f => $"{f.Name} ({f.Code})"))}");
        if (!format.Fits(shape[^1])) throw cursor.Error($"tensor '{name}' has rows of {shape[^1]} values, which {format.Name} can't hold");
        var offset = cursor.ReadUInt64();
        if (offset > long.MaxValue || (long)offset % alignment != 0) throw cursor.Error($"tensor '{name}' begins at byte {offset} of the data, which is not aligned to {alignment}");
        return new GgufTensor(name, format, shape, (long)offset);
    }

    private static string ReadName(GgufCursor cursor, string what)
    {
        var name = cursor.ReadText(what);
        if (name.Length is 0 or > LongestName || name.Any(char.IsControl)) throw cursor.Error($"{what} is empty, longer than {LongestName} characters or not printable");
        return name;
    }

    internal static long Aligned(long position, int alignment) => (position + alignment - 1) / alignment * alignment;

    private void ReadExactly(string tensor, Span<byte> destination, long position)
    {
        try
        {
            while (destination.Length > 0)
            {
                var read = RandomAccess.Read(_handle, destination, position);
                if (read == 0) throw new CoppiceException($"{Path}: ends at byte {position}, before the data it should hold");
                destination = destination[read..];
                position += read;
            }
        }
        catch (IOException error)
        {
            throw new CoppiceException($"{Path}: tensor '{tensor}' can't be read: {error.Message}", inner: error);
        }
    }
}
