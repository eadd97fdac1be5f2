using System.Globalization;
using System.Text.Json;
using System.Text.Json.Nodes;
using Coppice.Foundation;

namespace Coppice.Tensors.Storage;

/// <summary>
/// The tensors of a model's directory as one set, whether they lie in one <c>model.safetensors</c> or in shards that
/// <c>model.safetensors.index.json</c> lists.
/// </summary>
public sealed class SafetensorsDirectory : IDisposable
{
    private const string SingleFile = "model.safetensors";
    private const string IndexFile = "model.safetensors.index.json";

    private readonly string _path;
    private readonly List<SafetensorsFile> _files;
    private readonly Dictionary<string, SafetensorsFile> _fileOf;

    private SafetensorsDirectory(string path, List<SafetensorsFile> files, Dictionary<string, SafetensorsFile> fileOf)
    {
        _path = path;
        _files = files;
        _fileOf = fileOf;
        Tensors = [.. files.SelectMany(file => file.Tensors.Where(tensor => fileOf.GetValueOrDefault(tensor.Name) == file))];
    }

    /// <summary>The tensors, file by file, in the order of their data.</summary>
    public IReadOnlyList<TensorInfo> Tensors { get; }

    /// <summary>The strings that describe the first file.</summary>
    public IReadOnlyDictionary<string, string> Metadata => _files[0].Metadata;

    /// <summary>Opens a directory and checks every header and the index.</summary>
    /// <param name="path">The directory. Where it holds both forms, the single file counts.</param>
    /// <exception cref="CoppiceException">There is neither form, or a file is wrong: the message names it.</exception>
    public static SafetensorsDirectory Open(string path)
    {
        var single = Path.Combine(path, SingleFile);
        var index = Path.Combine(path, IndexFile);
        var files = new List<SafetensorsFile>();
        try
        {
            if (File.Exists(single))
            {
                files.Add(SafetensorsFile.Open(single));
                return new SafetensorsDirectory(path, files, files[0].Tensors.ToDictionary(tensor => tensor.Name, _ => files[0], StringComparer.Ordinal));
            }

            if (!File.Exists(index)) throw new CoppiceException($"{path}: holds neither {SingleFile} nor {IndexFile}; is it a model's directory?");

            var weightMap = ReadWeightMap(index);
            var byName = new Dictionary<string, SafetensorsFile>(StringComparer.Ordinal);
            foreach (var shard in ShardNames(weightMap))
            {
                files.Add(SafetensorsFile.Open(Path.Combine(path, shard)));
                byName.Add(shard, files[^1]);
            }

            foreach (var (tensor, shard) in weightMap)
            {
                if (!byName[shard].Contains(tensor)) throw new CoppiceException($"{index}: says that tensor '{tensor}' is in {shard}, but it isn't");
            }

            return new SafetensorsDirectory(path, files, weightMap.ToDictionary(pair => pair.Key, pair => byName[pair.Value], StringComparer.Ordinal));
        }
        catch
        {
            files.ForEach(file => file.Dispose());
            throw;
        }
    }

    /// <summary>The names of the files that an index lists; each is a plain name that ends in <c>.safetensors</c>.</summary>
    /// <param name="index">A <c>model.safetensors.index.json</c>.</param>
    /// <exception cref="CoppiceException">It is none, or names a file elsewhere.</exception>
    public static IReadOnlyList<string> ReadShardNames(string index) => ShardNames(ReadWeightMap(index));

    /// <summary>
    /// Writes tensors to a directory: to one file where they fit, else to shards and an index. The other form, if the directory held it, is removed.
    /// </summary>
    /// <param name="path">The directory; created if needed.</param>
    /// <param name="tensors">The tensors; shards are filled in this order.</param>
    /// <param name="metadata">Strings that describe the files.</param>
    /// <param name="maximumShardBytes">The most tensor bytes in a file; a larger tensor gets a shard of its own.</param>
    /// <exception cref="CoppiceException">A file can't be written.</exception>
    public static void Write(string path, IReadOnlyList<TensorToWrite> tensors, IReadOnlyDictionary<string, string>? metadata = null, long maximumShardBytes = 5_000_000_000)
    {
        var shards = Split(tensors, maximumShardBytes);
        if (shards.Count == 1)
        {
            SafetensorsWriter.Write(Path.Combine(path, SingleFile), shards[0], metadata);
            RemoveSharded(path, []);
            return;
        }

        var weightMap = new JsonObject();
        var names = new List<string>();
        for (var i = 0; i < shards.Count; i++)
        {
            names.Add(string.Create(CultureInfo.InvariantCulture, $"model-{i + 1:D5}-of-{shards.Count:D5}.safetensors"));
            SafetensorsWriter.Write(Path.Combine(path, names[i]), shards[i], metadata);
            foreach (var tensor in shards[i]) weightMap[tensor.Name] = names[i];
        }

        var index = new JsonObject { ["metadata"] = new JsonObject { ["total_size"] = tensors.Sum(tensor => tensor.ByteCount) }, ["weight_map"] = weightMap };
        RemoveSharded(path, names);
        AtomicFile.WriteText(Path.Combine(path, IndexFile), index.ToJsonString(new JsonSerializerOptions { WriteIndented = true }) + "\n");
        File.Delete(Path.Combine(path, SingleFile));
    }

    /// <summary>Whether the directory has a tensor.</summary>
    /// <param name="name">The tensor's name.</param>
    public bool Contains(string name) => _fileOf.ContainsKey(name);

    /// <summary>What the files say about a tensor.</summary>
    /// <param name="name">The tensor's name.</param>
    /// <exception cref="CoppiceException">There is no such tensor.</exception>
    public TensorInfo Find(string name) => FileOf(name).Find(name);

    /// <summary>Reads a floating-point tensor as float32; see <see cref="SafetensorsFile.ReadFloats(string, Span{float})"/>.</summary>
    /// <param name="name">The tensor's name.</param>
    /// <param name="destination">As many elements as the tensor has.</param>
    /// <exception cref="CoppiceException">There is no such tensor, or it can't be read so.</exception>
    public void ReadFloats(string name, Span<float> destination) => FileOf(name).ReadFloats(name, destination);

    /// <summary>Reads a floating-point tensor into a new array.</summary>
    /// <param name="name">The tensor's name.</param>
    /// <exception cref="CoppiceException">There is no such tensor, or it can't be read so.</exception>
    public float[] ReadFloats(string name) => FileOf(name).ReadFloats(name);

    /// <summary>Reads part of a floating-point tensor as float32.</summary>
    /// <param name="name">The tensor's name.</param>
    /// <param name="start">The first element to read.</param>
    /// <param name="destination">Receives the elements; its length says how many.</param>
    /// <exception cref="CoppiceException">There is no such tensor, or it can't be read so.</exception>
    public void ReadFloats(string name, long start, Span<float> destination) => FileOf(name).ReadFloats(name, start, destination);

    /// <summary>Reads a tensor of whole numbers or truth values; see <see cref="SafetensorsFile.ReadIntegers(string, Span{long})"/>.</summary>
    /// <param name="name">The tensor's name.</param>
    /// <param name="destination">As many elements as the tensor has.</param>
    /// <exception cref="CoppiceException">There is no such tensor, or it can't be read so.</exception>
    public void ReadIntegers(string name, Span<long> destination) => FileOf(name).ReadIntegers(name, destination);

    /// <summary>Reads a tensor of whole numbers or truth values into a new array.</summary>
    /// <param name="name">The tensor's name.</param>
    /// <exception cref="CoppiceException">There is no such tensor, or it can't be read so.</exception>
    public long[] ReadIntegers(string name) => FileOf(name).ReadIntegers(name);

    /// <inheritdoc/>
    public void Dispose() => _files.ForEach(file => file.Dispose());

    private SafetensorsFile FileOf(string name) => _fileOf.TryGetValue(name, out var file)
        ? file
        : throw new CoppiceException($"{_path}: has no tensor '{name}'{NearestName.Hint(name, _fileOf.Keys)}");

    private static IReadOnlyList<string> ShardNames(Dictionary<string, string> weightMap) => [.. weightMap.Values.Distinct().Order(StringComparer.Ordinal)];

    private static Dictionary<string, string> ReadWeightMap(string index)
    {
        try
        {
            if (new FileInfo(index).Length > SafetensorsHeader.MaximumLength) throw new CoppiceException($"{index}: is larger than {SafetensorsHeader.MaximumLength} bytes, which no index is");
            using var document = JsonDocument.Parse(File.ReadAllBytes(index), new JsonDocumentOptions { MaxDepth = 16 });
            if (document.RootElement.ValueKind != JsonValueKind.Object
                || !document.RootElement.TryGetProperty("weight_map", out var map) || map.ValueKind != JsonValueKind.Object || !map.EnumerateObject().Any())
            {
                throw new CoppiceException($"{index}: has no 'weight_map' of tensor names to file names");
            }

            var weightMap = new Dictionary<string, string>(StringComparer.Ordinal);
            foreach (var property in map.EnumerateObject())
            {
                var file = property.Value.ValueKind == JsonValueKind.String ? property.Value.GetString()! : "";
                if (!IsPlainName(file)) throw new CoppiceException($"{index}: tensor '{property.Name}' must be in a .safetensors file of the same directory, not in '{file}'");
                if (!weightMap.TryAdd(property.Name, file)) throw new CoppiceException($"{index}: names tensor '{property.Name}' twice");
            }

            return weightMap;
        }
        catch (Exception error) when (error is JsonException or InvalidOperationException)
        {
            throw new CoppiceException($"{index}: is not valid JSON: {error.Message.ReplaceLineEndings(" ")}", inner: error);
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            throw new CoppiceException($"{index}: can't be read: {error.Message}", inner: error);
        }
    }

    // Separators of every system are refused on every system, so that an index means the same everywhere.
    private static bool IsPlainName(string file) => file.EndsWith(".safetensors", StringComparison.Ordinal) && file.IndexOfAny(['/', '\\', ':', '\0']) < 0;

    private static List<List<TensorToWrite>> Split(IReadOnlyList<TensorToWrite> tensors, long maximumShardBytes)
    {
        var shards = new List<List<TensorToWrite>> { new() };
        long bytes = 0;
        foreach (var tensor in tensors)
        {
            if (shards[^1].Count > 0 && bytes + tensor.ByteCount > maximumShardBytes)
            {
                shards.Add([]);
                bytes = 0;
            }

            shards[^1].Add(tensor);
            bytes += tensor.ByteCount;
        }

        return shards;
    }

    private static void RemoveSharded(string path, IReadOnlyList<string> keep)
    {
        File.Delete(Path.Combine(path, IndexFile));
        foreach (var shard in Directory.GetFiles(path, "model-*-of-*.safetensors"))
        {
            if (!keep.Contains(Path.GetFileName(shard))) File.Delete(shard);
        }
    }
}
