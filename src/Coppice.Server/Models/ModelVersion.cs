using Coppice.Adapters;
using Coppice.Adapters.Directories;
using Coppice.Foundation;
using Coppice.Inference;
using Coppice.Models;

namespace Coppice.Server;

/// <summary>A model as it was loaded from a directory or a file. It is disposed of when nobody serves it and no request uses it any more.</summary>
internal sealed class ModelVersion
{
    private const string RunFolder = "model";

    // The one that serves it, and the requests.
    private int _users = 1;

    private ModelVersion(string directory, string fingerprint, InferenceEngine engine, IChatTemplate chatTemplate, GenerationOptions defaults) =>
        (Directory, Fingerprint, Engine, ChatTemplate, Defaults) = (directory, fingerprint, engine, chatTemplate, defaults);

    /// <summary>Where it was loaded from.</summary>
    public string Directory { get; }

    /// <summary><see cref="FingerprintOf"/> what it was loaded from.</summary>
    public string Fingerprint { get; }

    /// <summary>What computes.</summary>
    public InferenceEngine Engine { get; }

    /// <summary>How conversations are written.</summary>
    public IChatTemplate ChatTemplate { get; }

    /// <summary>How texts are continued where a request doesn't say: as the model's authors do, or else as OpenAI's interface does.</summary>
    public GenerationOptions Defaults { get; }

    /// <summary>When it was loaded.</summary>
    public DateTimeOffset Loaded { get; } = DateTimeOffset.UtcNow;

    /// <summary>The model directory that a path means: itself, or the model of the run that it names.</summary>
    /// <param name="path">The path.</param>
    public static string Resolve(string path)
    {
        var inside = Path.Combine(path, RunFolder);
        return !HasModel(path) && HasModel(inside) ? inside : path;

        static bool HasModel(string directory) => File.Exists(Path.Combine(directory, ModelDirectory.ConfigurationFile));
    }

    /// <summary>The name of a model: that of its directory or file, or of its run's.</summary>
    /// <param name="path">What <see cref="Resolve"/> takes.</param>
    public static string NameOf(string path)
    {
        var full = Path.TrimEndingDirectorySeparator(Path.GetFullPath(path));
        var name = Path.GetFileName(full);
        return name == RunFolder ? Path.GetFileName(Path.GetDirectoryName(full)) ?? name : name;
    }

    /// <summary>A checksum of what makes a model.</summary>
    /// <param name="path">A model directory or a GGUF file.</param>
    /// <exception cref="CoppiceException">It isn't one, or can't be read.</exception>
    public static string FingerprintOf(string path)
    {
        if (!File.Exists(path)) return ModelDirectory.Fingerprint(path);
        try
        {
            return Checksum.OfFile(path);
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            throw new CoppiceException($"{path}: can't be read: {error.Message}", inner: error);
        }
    }

    /// <summary>Loads a model.</summary>
    /// <param name="directory">A model directory or a GGUF file.</param>
    /// <param name="options">The server's options.</param>
    /// <param name="metrics">Where its engine counts.</param>
    /// <exception cref="CoppiceException">It can't be loaded, or an adapter is for another model.</exception>
    public static ModelVersion Load(string directory, ServerOptions options, EngineMetrics metrics)
    {
        var fingerprint = FingerprintOf(directory);
        var defaults = GenerationDefaults.Load(directory).Apply(new GenerationOptions { MaxTokens = int.MaxValue, Temperature = 1, TopP = 1 });
        var engine = InferenceEngine.Load(directory, options.Engine, options.Threads, metrics, options.Quantization,
            options.Adapters.Count == 0 ? null : model => AdaptersOf(model, directory, options.Adapters));
        try
        {
            return new ModelVersion(directory, fingerprint, engine, ModelChat.TemplateOf(directory, engine.Tokenizer), defaults);
        }
        catch
        {
            engine.Dispose();
            throw;
        }
    }

    private static AdapterSet AdaptersOf(LanguageModel model, string directory, IReadOnlyList<ServedAdapter> adapters)
    {
        var set = new AdapterSet(model);
        try
        {
            foreach (var adapter in adapters) AdapterBase.Load(adapter.Directory, directory, set, adapter.Name);
            return set;
        }
        catch
        {
            set.Dispose();
            throw;
        }
    }

    /// <summary>Counts a user. Only while there is another one.</summary>
    public void Use() => Interlocked.Increment(ref _users);

    /// <summary>A user goes; with the last one the engine.</summary>
    public void Release()
    {
        if (Interlocked.Decrement(ref _users) == 0) Engine.Dispose();
    }
}
