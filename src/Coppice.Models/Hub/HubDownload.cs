using System.Text.Json;
using System.Text.Json.Nodes;
using System.Text.RegularExpressions;
using Coppice.Foundation;
using Coppice.Tensors.Storage;

namespace Coppice.Models.Hub;

/// <summary>How far a model has come.</summary>
/// <param name="File">What is being fetched.</param>
/// <param name="BytesDone">Bytes that are here.</param>
/// <param name="BytesTotal">Bytes of all files.</param>
public sealed record HubProgress(string File, long BytesDone, long BytesTotal);

/// <summary>A model that was fetched.</summary>
/// <param name="Directory">The model directory.</param>
/// <param name="Repository">The repository.</param>
/// <param name="Revision">The commit.</param>
/// <param name="Files">The names of its files.</param>
/// <param name="Bytes">Bytes of them.</param>
/// <param name="ReceivedBytes">Bytes of them that came over the network now; the others were here already.</param>
public sealed record HubModel(string Directory, string Repository, string Revision, IReadOnlyList<string> Files, long Bytes, long ReceivedBytes);

/// <summary>
/// Fetches a model from a hub into a model directory: configuration, tokenizer and weights as safetensors, and nothing that could run code. Every file is
/// checked against the hub's checksum. <c>config.json</c> comes last, so that a directory that is not whole is none that opens.
/// </summary>
public static partial class HubDownload
{
    /// <summary>The file that says where a model directory was fetched from.</summary>
    public const string SourceFile = "hub.json";

    private const string WeightsFile = "model.safetensors";
    private const string IndexFile = "model.safetensors.index.json";
    private const string TokenizerFile = "tokenizer.json";
    private const string SentencePieceFile = "tokenizer.model";

    private static readonly string[] Optional = ["generation_config.json", "tokenizer_config.json", "special_tokens_map.json", "chat_template.jinja", "LICENSE", "LICENSE.txt", "LICENSE.md", "NOTICE"];

    /// <summary>Fetches a model. What is here already is not fetched again, and what was cut off goes on.</summary>
    /// <param name="name">The model.</param>
    /// <param name="directory">The directory: new, empty, or the same model's.</param>
    /// <param name="options">Where the hub is, who asks, and where files are kept.</param>
    /// <param name="progress">Receives how far it has come; null for nobody.</param>
    /// <param name="cancellation">Ends it early; what has arrived stays.</param>
    /// <exception cref="CoppiceException">There is no such model or revision, it may not be read, is of no kind that is supported, has no safetensors, or can't be kept.</exception>
    /// <exception cref="OperationCanceledException">It was ended early.</exception>
    public static async Task<HubModel> GetAsync(HubName name, string directory, HubOptions options, Action<HubProgress>? progress = null, CancellationToken cancellation = default)
    {
        using var client = new HubClient(name, options);
        var (commit, listed) = await client.ListAsync(cancellation).ConfigureAwait(false);
        Require(name, listed);
        CheckDirectory(name, directory, commit);

        var transfer = new HubTransfer(progress);
        var cache = new HubCache(client, name, options, transfer);
        // What decides whether it can be used at all comes first.
        var configuration = await FetchAsync(ModelDirectory.ConfigurationFile).ConfigureAwait(false);
        CheckConfiguration(name, configuration.Path);
        var files = new List<(HubFile File, string Path)>();
        if (!listed.Contains(WeightsFile)) files.Add(await FetchAsync(IndexFile).ConfigureAwait(false));
        IReadOnlyList<string> weights = files.Count > 0 ? Shards(name, files[0].Path, listed) : [WeightsFile];
        string[] tokenizer = [listed.Contains(TokenizerFile) ? TokenizerFile : SentencePieceFile];
        var rest = new List<HubFile>();
        foreach (var file in Optional.Where(listed.Contains).Concat(tokenizer).Concat(weights)) rest.Add(await client.DescribeAsync(commit, file, cancellation).ConfigureAwait(false));
        transfer.Total += rest.Sum(file => file.Size);
        WriteSource(name, directory, commit, [.. rest, .. files.Select(file => file.File), configuration.File]);
        foreach (var file in rest)
        {
            // A file that is whole in the directory need not be in the cache any more.
            var own = Path.Combine(directory, file.Name);
            var isThere = file.Is(own, cancellation);
            files.Add((file, isThere ? own : await Fetch(file).ConfigureAwait(false)));
            if (isThere) transfer.Have(file.Size);
        }

        files.Add(configuration);
        foreach (var (file, path) in files) Copy(path, Path.Combine(directory, file.Name));
        return new HubModel(directory, name.Repository, commit, [.. files.Select(file => file.File.Name)], files.Sum(file => file.File.Size), transfer.Received);

        async Task<(HubFile File, string Path)> FetchAsync(string file)
        {
            var described = await client.DescribeAsync(commit, file, cancellation).ConfigureAwait(false);
            transfer.Total += described.Size;
            return (described, await Fetch(described).ConfigureAwait(false));
        }

        Task<string> Fetch(HubFile file)
        {
            transfer.File = file.Name;
            return cache.GetAsync(commit, file, cancellation);
        }
    }

    private static void Require(HubName name, IReadOnlySet<string> files)
    {
        if (!files.Contains(WeightsFile) && !files.Contains(IndexFile))
        {
            throw new CoppiceException(files.FirstOrDefault(file => PickledWeights().IsMatch(file)) is { } pickled
                ? $"{name}: has its weights only as {pickled}, a format that can run code when it is opened, and is not opened here; look for a copy as safetensors (often hf:{name.Repository}@refs/pr/1, or another owner's)"
                : $"{name}: has no weights as safetensors ({WeightsFile})");
        }

        if (!files.Contains(ModelDirectory.ConfigurationFile)) throw new CoppiceException($"{name}: has no {ModelDirectory.ConfigurationFile}, so that it is no model that can be opened");
        if (!files.Contains(TokenizerFile) && !files.Contains(SentencePieceFile)) throw new CoppiceException($"{name}: has neither {TokenizerFile} nor {SentencePieceFile}, so that no text can be made tokens of");
    }

    private static void CheckConfiguration(HubName name, string path)
    {
        try
        {
            ConfigurationReader.Read(path);
        }
        catch (CoppiceException error)
        {
            throw new CoppiceException(error.Message.Replace(path, $"{name}: {ModelDirectory.ConfigurationFile}", StringComparison.Ordinal), error.ExitCode, error);
        }
    }

    private static IReadOnlyList<string> Shards(HubName name, string index, IReadOnlySet<string> listed)
    {
        IReadOnlyList<string> shards;
        try
        {
            shards = SafetensorsDirectory.ReadShardNames(index);
        }
        catch (CoppiceException error)
        {
            throw new CoppiceException(error.Message.Replace(index, $"{name}: {IndexFile}", StringComparison.Ordinal), error.ExitCode, error);
        }

        return shards.FirstOrDefault(shard => !listed.Contains(shard)) is { } missing ? throw new CoppiceException($"{name}: {IndexFile} names {missing}, which is not there") : shards;
    }

    /// <summary>A directory is the same commit of the same model, or holds nothing.</summary>
    private static void CheckDirectory(HubName name, string directory, string commit)
    {
        var source = Path.Combine(directory, SourceFile);
        try
        {
            if (File.Exists(source))
            {
                using var json = JsonDocument.Parse(File.ReadAllBytes(source));
                if (json.RootElement.ValueKind == JsonValueKind.Object && Is(json.RootElement, "repository", name.Repository) && Is(json.RootElement, "revision", commit)) return;
                throw CoppiceException.Usage($"{directory}: holds another model or revision than {name} at {commit}; choose another directory, or remove it");
            }

            if (File.Exists(directory) || (Directory.Exists(directory) && Directory.EnumerateFileSystemEntries(directory).Any())) throw CoppiceException.Usage($"{directory}: is there already; choose another directory");
        }
        catch (JsonException error)
        {
            throw new CoppiceException($"{source}: is damaged; remove the directory", inner: error);
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            throw new CoppiceException($"{directory}: can't be read: {error.Message}", inner: error);
        }

        static bool Is(JsonElement json, string key, string value) => json.TryGetProperty(key, out var found) && found.ValueKind == JsonValueKind.String && found.ValueEquals(value);
    }

    private static void WriteSource(HubName name, string directory, string commit, IEnumerable<HubFile> files)
    {
        var checksums = new JsonObject();
        foreach (var file in files.OrderBy(file => file.Name, StringComparer.Ordinal)) checksums[file.Name] = file.Checksum;
        var json = new JsonObject { ["repository"] = name.Repository, ["revision"] = commit, ["files"] = checksums };
        AtomicFile.WriteText(Path.Combine(directory, SourceFile), json.ToJsonString(new JsonSerializerOptions { WriteIndented = true }) + "\n");
    }

    private static void Copy(string from, string to)
    {
        if (from == to) return;
        AtomicFile.Write(to, stream =>
        {
            using var kept = new FileStream(from, FileMode.Open, FileAccess.Read, FileShare.Read, 1, FileOptions.SequentialScan);
            kept.CopyTo(stream, 1 << 20);
        });
    }

    [GeneratedRegex(@"^(?!training_args|optimizer|scheduler).*\.(bin|pt|pth|ckpt|pkl|msgpack|h5)$")]
    private static partial Regex PickledWeights();
}
