using System.Text.Json;
using Coppice.Foundation;

namespace Coppice.Corpus.Building;

/// <summary>
/// The folder in which a build keeps what it has done: results by the key of everything they depend on. A build that was stopped finds what it had done, and a later
/// build what is as it was. It lies inside the output under a hidden name, so that reading the output as text passes it over.
/// </summary>
internal sealed class WorkFolder : IDisposable
{
    /// <summary>The folder's name.</summary>
    public const string Name = ".work";

    private readonly FileStream? _lock;

    private WorkFolder(string path, FileStream? held)
    {
        Path = path;
        _lock = held;
    }

    /// <summary>The folder.</summary>
    public string Path { get; }

    /// <summary>Opens the work folder of an output, for this process alone.</summary>
    /// <param name="output">The output's folder; made where it is missing.</param>
    /// <exception cref="CoppiceException">Another process is building there, or it can't be written.</exception>
    public static WorkFolder Open(string output)
    {
        var path = System.IO.Path.Combine(output, Name);
        try
        {
            Directory.CreateDirectory(path);
            var held = new FileStream(System.IO.Path.Combine(path, "lock"), FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.None);
            return new WorkFolder(path, held);
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            throw new CoppiceException($"{output}: can't be built in: {error.Message} Is another build at work there?", inner: error);
        }
    }

    /// <summary>The work folder of an output, to read from.</summary>
    /// <param name="output">The output's folder.</param>
    public static WorkFolder ForReading(string output) => new(System.IO.Path.Combine(output, Name), null);

    /// <summary>The file of a chunk's result.</summary>
    /// <param name="key">Its key.</param>
    public string Chunk(string key) => Result(key, "chunk");

    /// <summary>The file of what was read in a unit.</summary>
    /// <param name="key">Its key.</param>
    public string Unit(string key) => Result(key, "unit");

    /// <summary>The file that says that a unit's files changed while they were read, so that chunks under its key may hold something else.</summary>
    /// <param name="key">The unit's key.</param>
    public string ChangedUnit(string key) => Result(key, "changed");

    /// <summary>The file of a decision.</summary>
    /// <param name="key">Its key.</param>
    public string Decisions(string key) => Result(key, "decisions");

    /// <summary>The file of what deciding leaves for the next build (<see cref="ISketchedCorpus.KeptFile"/>).</summary>
    /// <param name="key">The key of the stage.</param>
    public string Kept(string key) => Result(key, "kept");

    /// <summary>The file of what a linking step decided on last (<see cref="DecidedDocuments"/>).</summary>
    /// <param name="key">The key of the stage.</param>
    public string Decided(string key) => Result(key, "decided");

    /// <summary>The keys of the chunks of each stage of the last build that was finished, or null where they are gone.</summary>
    public IReadOnlyList<IReadOnlyList<string>>? ReadChunks() => ReadJson<string[][]>(ChunksPath);

    /// <summary>What the chunks of that build are called (<see cref="ReadingStage.Names"/>), or null where that is gone.</summary>
    public IReadOnlyList<string>? ReadNames() => ReadJson<string[]>(NamesPath);

    /// <summary>Keeps what the chunks are called.</summary>
    /// <param name="names">The names.</param>
    public void WriteNames(IReadOnlyList<string> names) => WriteJson(NamesPath, names);

    /// <summary>Keeps the keys of the chunks of each stage.</summary>
    /// <param name="chunks">The keys.</param>
    public void WriteChunks(IReadOnlyList<IReadOnlyList<string>> chunks) => WriteJson(ChunksPath, chunks);

    /// <summary>An empty folder for files that are not kept.</summary>
    /// <param name="name">Its name.</param>
    public string Temporary(string name)
    {
        var path = System.IO.Path.Combine(Path, name);
        if (Directory.Exists(path)) Directory.Delete(path, recursive: true);
        Directory.CreateDirectory(path);
        return path;
    }

    /// <summary>Reads a JSON file, or null where there is none that can be read.</summary>
    /// <typeparam name="T">What it holds.</typeparam>
    /// <param name="path">The file.</param>
    public static T? ReadJson<T>(string path)
        where T : class
    {
        try
        {
            return File.Exists(path) ? JsonSerializer.Deserialize<T>(File.ReadAllBytes(path), DocumentTrace.Json) : null;
        }
        catch (JsonException)
        {
            return null;
        }
    }

    /// <summary>Writes a JSON file, without waiting until the disk has it: one that a loss of power cut off is made again.</summary>
    /// <typeparam name="T">What it holds.</typeparam>
    /// <param name="path">The file.</param>
    /// <param name="value">The content.</param>
    public static void WriteJson<T>(string path, T value) => AtomicFile.Write(path, stream => JsonSerializer.Serialize(stream, value, DocumentTrace.Json), toDisk: false);

    /// <summary>Deletes every result but those in use.</summary>
    /// <param name="used">The files in use.</param>
    public void Sweep(HashSet<string> used)
    {
        foreach (var folder in Directory.EnumerateDirectories(Path, "results-*"))
        {
            foreach (var file in Directory.EnumerateFiles(folder))
            {
                if (!used.Contains(file)) File.Delete(file);
            }
        }
    }

    public void Dispose() => _lock?.Dispose();

    private string ChunksPath => System.IO.Path.Combine(Path, "chunks.json");

    private string NamesPath => System.IO.Path.Combine(Path, "names.json");

    private string Result(string key, string kind) => System.IO.Path.Combine(Path, $"results-{key[..2]}", $"{key}.{kind}");
}
