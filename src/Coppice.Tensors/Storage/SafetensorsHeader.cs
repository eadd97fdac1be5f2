using System.Text.Json;
using Coppice.Foundation;

namespace Coppice.Tensors.Storage;

/// <summary>
/// Reads a safetensors header: 8 bytes with the length of the JSON that follows, little-endian; the JSON, an object of
/// <c>name: { dtype, shape, data_offsets: [begin, end] }</c> with an optional <c>__metadata__</c> of strings; then the data.
/// Nothing in it is believed before it was checked against the length of the file.
/// </summary>
internal sealed record SafetensorsHeader(IReadOnlyDictionary<string, string> Metadata, IReadOnlyList<TensorInfo> Tensors)
{
    /// <summary>Bytes in front of the header: its length.</summary>
    public const int PrefixLength = 8;

    /// <summary>The longest header in bytes that the format's own reader accepts.</summary>
    public const long MaximumLength = 100_000_000;

    /// <summary>The key of the strings that describe the file.</summary>
    public const string MetadataKey = "__metadata__";

    private const int MaximumMessage = 500;

    // An object of objects with arrays in them is three deep.
    private static readonly JsonDocumentOptions Strict = new() { MaxDepth = 4 };

    /// <summary>Checks a header's length before a buffer is made for it.</summary>
    public static int CheckLength(string path, ulong length, long fileLength)
    {
        if (length > MaximumLength) throw Invalid(path, $"its header claims {length} bytes, more than the {MaximumLength} that the format allows");
        if ((long)length > fileLength - PrefixLength) throw Invalid(path, $"its header claims {length} bytes but the file has only {fileLength}; the file is truncated or no safetensors file");
        return (int)length;
    }

    /// <summary>Parses and checks a header.</summary>
    /// <param name="path">The file, for messages.</param>
    /// <param name="json">The header's bytes.</param>
    /// <param name="dataLength">The length of the data section.</param>
    public static SafetensorsHeader Parse(string path, ReadOnlyMemory<byte> json, long dataLength)
    {
        try
        {
            using var document = JsonDocument.Parse(json, Strict);
            if (document.RootElement.ValueKind != JsonValueKind.Object) throw Invalid(path, "its header is not a JSON object");

            Dictionary<string, string>? metadata = null;
            var tensors = new List<TensorInfo>();
            var names = new HashSet<string>(StringComparer.Ordinal);
            foreach (var property in document.RootElement.EnumerateObject())
            {
                if (property.Name.Any(char.IsControl)) throw Invalid(path, "its header has a name with control characters");
                if (!names.Add(property.Name)) throw Invalid(path, $"its header names '{property.Name}' twice");
                if (property.Name == MetadataKey) metadata = ParseMetadata(path, property.Value);
                else tensors.Add(ParseTensor(path, property.Name, property.Value, dataLength));
            }

            return new SafetensorsHeader(metadata ?? [], InFileOrder(path, tensors, dataLength));
        }
        catch (Exception error) when (error is JsonException or InvalidOperationException)
        {
            // InvalidOperationException: a string that is not valid Unicode.
            throw Invalid(path, $"its header is not valid JSON: {error.Message.ReplaceLineEndings(" ")}", error);
        }
    }

    private static Dictionary<string, string> ParseMetadata(string path, JsonElement element)
    {
        if (element.ValueKind != JsonValueKind.Object) throw Invalid(path, $"'{MetadataKey}' is not an object");
        var metadata = new Dictionary<string, string>(StringComparer.Ordinal);
        foreach (var property in element.EnumerateObject())
        {
            if (property.Value.ValueKind != JsonValueKind.String) throw Invalid(path, $"'{MetadataKey}' holds '{property.Name}', which is not a string");
            if (!metadata.TryAdd(property.Name, property.Value.GetString()!)) throw Invalid(path, $"'{MetadataKey}' names '{property.Name}' twice");
        }

        return metadata;
    }

    private static TensorInfo ParseTensor(string path, string name, JsonElement element, long dataLength)
    {
        if (element.ValueKind != JsonValueKind.Object) throw Invalid(path, name, "is not an object");
        JsonElement? type = null, shape = null, offsets = null;
        foreach (var property in element.EnumerateObject())
        {
            ref var field = ref type;
            switch (property.Name)
            {
                case "dtype": break;
                case "shape": field = ref shape; break;
                case "data_offsets": field = ref offsets; break;
                default: throw Invalid(path, name, $"has an unknown field '{property.Name}'");
            }

            if (field is not null) throw Invalid(path, name, $"has the field '{property.Name}' twice");
            field = property.Value;
        }

        if (type is null || shape is null || offsets is null) throw Invalid(path, name, "needs dtype, shape and data_offsets");

        var typeName = type.Value.ValueKind == JsonValueKind.String ? type.Value.GetString() : type.Value.ValueKind.ToString();
        if (!TensorDataTypes.TryParse(typeName, out var dataType))
        {
            throw Invalid(path, name, $"has the dtype '{typeName}', which is not supported ({string.Join(", ", Enum.GetValues<TensorDataType>().Select(known => known.Name()))} are)");
        }

        var dimensions = ParseNumbers(path, name, "shape", shape.Value);
        var span = ParseNumbers(path, name, "data_offsets", offsets.Value);
        if (span.Length != 2) throw Invalid(path, name, $"has {span.Length} data_offsets instead of 2");
        if (span[0] > span[1] || span[1] > dataLength) throw Invalid(path, name, $"lies at bytes {span[0]} to {span[1]} of a data section of {dataLength}");

        long count = 1;
        try
        {
            foreach (var dimension in dimensions) count = checked(count * dimension);
            _ = checked(count * dataType.ElementSize());
        }
        catch (OverflowException error)
        {
            throw Invalid(path, name, $"has the shape [{string.Join(", ", dimensions)}], whose size overflows", error);
        }

        var info = new TensorInfo(name, dataType, dimensions, count, span[0]);
        if (info.ByteCount != span[1] - span[0]) throw Invalid(path, name, $"needs {info.ByteCount} bytes for {info} but has {span[1] - span[0]}");
        return info;
    }

    private static long[] ParseNumbers(string path, string name, string field, JsonElement element)
    {
        if (element.ValueKind != JsonValueKind.Array) throw Invalid(path, name, $"has a {field} that is not an array");
        var numbers = new long[element.GetArrayLength()];
        var i = 0;
        foreach (var item in element.EnumerateArray())
        {
            if (item.ValueKind != JsonValueKind.Number || !item.TryGetInt64(out numbers[i]) || numbers[i] < 0)
            {
                throw Invalid(path, name, $"has a {field} with an entry that is not a whole number from 0 to {long.MaxValue}");
            }

            i++;
        }

        return numbers;
    }

    // Sorted by position, each tensor must begin where the one before it ends: that rules out overlaps, gaps and bytes that nobody owns.
    private static List<TensorInfo> InFileOrder(string path, List<TensorInfo> tensors, long dataLength)
    {
        var sorted = tensors.OrderBy(tensor => tensor.Offset).ThenBy(tensor => tensor.ByteCount).ToList();
        long end = 0;
        foreach (var tensor in sorted)
        {
            if (tensor.Offset < end) throw Invalid(path, tensor.Name, $"begins at byte {tensor.Offset}, inside the tensor before it, which ends at {end}");
            if (tensor.Offset > end) throw Invalid(path, tensor.Name, $"begins at byte {tensor.Offset} although the tensor before it ends at {end}; the bytes between belong to none");
            end = tensor.Offset + tensor.ByteCount;
        }

        if (end != dataLength) throw Invalid(path, $"its tensors take {end} bytes but its data section has {dataLength}");
        return sorted;
    }

    private static CoppiceException Invalid(string path, string tensor, string what, Exception? inner = null) =>
        Invalid(path, $"tensor '{tensor}' {what}", inner);

    // A message quotes the file, which may hold anything of any length.
    private static CoppiceException Invalid(string path, string what, Exception? inner = null) =>
        new($"{path}: not a valid safetensors file: {(what.Length <= MaximumMessage ? what : what[..MaximumMessage] + "...")}", inner: inner);
}
