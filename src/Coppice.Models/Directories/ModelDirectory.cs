using System.Text;
using System.Text.Json;
using Coppice.Foundation;
using Coppice.Tensors;
using Coppice.Tensors.Storage;

namespace Coppice.Models;

/// <summary>
/// A model on disk as a Hugging Face directory: <c>config.json</c>, <c>model.safetensors</c> (or shards with an index), <c>generation_config.json</c>,
/// and beside them the tokenizer and <c>coppice.json</c>.
/// </summary>
public static class ModelDirectory
{
    /// <summary>The file with the sizes.</summary>
    public const string ConfigurationFile = "config.json";

    private const string GenerationFile = "generation_config.json";

    private static readonly JsonWriterOptions Indented = new() { Indented = true, Encoder = System.Text.Encodings.Web.JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    /// <summary>Reads the sizes of a model.</summary>
    /// <param name="directory">A model directory.</param>
    /// <exception cref="CoppiceException">It isn't one, or not one that is supported.</exception>
    public static ModelConfiguration ReadConfiguration(string directory)
    {
        if (File.Exists(directory)) throw new CoppiceException($"{directory}: is a file, not a model directory; 'coppice import' makes one of a GGUF file");
        if (!Directory.Exists(directory)) throw new CoppiceException($"{directory}: there is no such model directory");
        var path = Path.Combine(directory, ConfigurationFile);
        if (!File.Exists(path)) throw new CoppiceException($"{directory}: is not a model directory: it has no {ConfigurationFile}");
        return ConfigurationReader.Read(path);
    }

    /// <summary>Opens a model.</summary>
    /// <param name="directory">A model directory.</param>
    /// <param name="backend">Computes.</param>
    /// <param name="trainable">Whether gradients are wanted.</param>
    /// <exception cref="CoppiceException">Configuration and weights can't be read, don't fit each other, or are not supported.</exception>
    public static LanguageModel Load(string directory, Backend backend, bool trainable = false)
    {
        var read = ReadConfiguration(directory);
        using var weights = SafetensorsDirectory.Open(directory);
        var (configuration, names) = Locate(directory, weights, read);
        var model = configuration.Create(backend, trainable);
        try
        {
            foreach (var parameter in model.Parameters.Parameters) Copy(weights, names[parameter.Name], parameter);
            return model;
        }
        catch
        {
            model.Dispose();
            throw;
        }
    }

    /// <summary>Opens a model to run it, its matrices quantised as they are read.</summary>
    /// <param name="directory">A model directory.</param>
    /// <param name="backend">Computes.</param>
    /// <param name="quantization">In what matrices are held.</param>
    /// <exception cref="CoppiceException">As of <see cref="Load(string, Backend, bool)"/>, or a value is too large to be quantised.</exception>
    public static LanguageModel Load(string directory, Backend backend, Quantization quantization)
    {
        if (quantization == Quantization.None) return Load(directory, backend);
        var read = ReadConfiguration(directory);
        using var weights = SafetensorsDirectory.Open(directory);
        var (configuration, names) = Locate(directory, weights, read);
        return QuantizedModel.Build(configuration, backend, quantization, (parameter, start, values) => weights.ReadFloats(names[parameter.Name], start, values));
    }

    /// <summary>A checksum of what makes a model: configuration, weights and tokenizer.</summary>
    /// <param name="directory">A model directory.</param>
    /// <exception cref="CoppiceException">It isn't one, or can't be read.</exception>
    public static string Fingerprint(string directory)
    {
        if (!File.Exists(Path.Combine(directory, ConfigurationFile))) throw new CoppiceException($"{directory}: is not a model directory: it has no {ConfigurationFile}");
        try
        {
            var files = Directory.GetFiles(directory, "*.safetensors").Concat(new[] { ConfigurationFile, "tokenizer.json" }.Select(name => Path.Combine(directory, name)).Where(File.Exists));
            return Checksum.Of(string.Join('\n', files.OrderBy(Path.GetFileName, StringComparer.Ordinal).Select(path => $"{Path.GetFileName(path)} {Checksum.OfFile(path)}")));
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            throw new CoppiceException($"{directory}: can't be read: {error.Message}", inner: error);
        }
    }

    /// <summary>Writes configuration and weights. The bytes depend on the values alone.</summary>
    /// <param name="directory">The directory; made where it is missing.</param>
    /// <param name="model">The model.</param>
    /// <param name="type">The storage type of the weights.</param>
    /// <param name="values">The values to write in place of the model's own (an average of weights, say), laid out as its flat buffer; null for its own.</param>
    /// <exception cref="CoppiceException">The model is quantised, the disk is full, or the directory can't be written.</exception>
    public static void Save(string directory, LanguageModel model, TensorDataType type = TensorDataType.F32, FlatBuffer? values = null)
    {
        model.RequireExactWeights("saved");
        values ??= model.Parameters.Values;
        var tensors = new List<TensorToWrite>();
        foreach (var parameter in model.Parameters.Parameters)
        {
            var offset = parameter.Offset;
            tensors.Add(TensorToWrite.Floats(parameter.Name, Dimensions(parameter.Shape), (start, destination) => values.CopyTo(offset + start, destination), type));
        }

        foreach (var (name, length) in ZerosOnDisk(model.Configuration))
        {
            tensors.Add(TensorToWrite.Floats(name, [length], (_, destination) => destination.Clear(), type));
        }

        // Transformers refuses weights whose metadata lacks the framework that they were laid out for.
        SafetensorsDirectory.Write(directory, tensors, new Dictionary<string, string> { ["format"] = "pt" });
        WriteJson(Path.Combine(directory, GenerationFile), json => model.Configuration.WriteTokens(json));
        WriteJson(Path.Combine(directory, ConfigurationFile), model.Configuration.Write);
    }

    /// <summary>GPT-2 without biases is no Hugging Face model; with biases of zero it is the same function and opens everywhere.</summary>
    private static IEnumerable<(string Name, int Length)> ZerosOnDisk(ModelConfiguration configuration) =>
        configuration is Gpt2Configuration { Bias: false } gpt2
            ? (gpt2 with { Bias = true }).Plan().Where(p => p.Name.EndsWith(".bias", StringComparison.Ordinal)).Select(p => (p.Name, p.Shape.Columns))
            : [];

    /// <summary>The name under which a file has a parameter: some leave out the name of the base model in front, and old ones call a norm's vectors gamma and beta.</summary>
    private static string? Find(SafetensorsDirectory weights, string parameter)
    {
        var inner = parameter[(parameter.IndexOf('.', StringComparison.Ordinal) + 1)..];
        return new[] { parameter, inner, Old(parameter), Old(inner) }.FirstOrDefault(weights.Contains);

        static string Old(string name) => name.Replace(".LayerNorm.weight", ".LayerNorm.gamma", StringComparison.Ordinal).Replace(".LayerNorm.bias", ".LayerNorm.beta", StringComparison.Ordinal);
    }

    /// <summary>
    /// What the weights are the weights of, and the tensor of each parameter. Before memory is taken by what the configuration says: a tensor of each shape is
    /// really there, and none that is not part of the model.
    /// </summary>
    private static (ModelConfiguration Configuration, Dictionary<string, string> Names) Locate(string directory, SafetensorsDirectory weights, ModelConfiguration read)
    {
        var configuration = read.Fit(name => Find(weights, name) is not null);
        var names = configuration.Plan().ToDictionary(p => p.Name, p => Locate(directory, weights, p), StringComparer.Ordinal);
        RefuseStrangers(directory, weights, configuration, names.Values.ToHashSet(StringComparer.Ordinal));
        return (configuration, names);
    }

    private static string Locate(string directory, SafetensorsDirectory weights, ParameterPlan plan)
    {
        var name = Find(weights, plan.Name) ?? throw new CoppiceException($"{directory}: the weights lack '{plan.Name}', which {ConfigurationFile} asks for");
        var info = weights.Find(name);
        if (!info.Shape.SequenceEqual(Dimensions(plan.Shape)))
            throw new CoppiceException($"{directory}: '{name}' has the shape [{string.Join(", ", info.Shape)}], but {ConfigurationFile} asks for {plan.Shape}");
        if (!info.DataType.IsFloatingPoint()) throw new CoppiceException($"{directory}: '{name}' is stored as {info.DataType.Name()}, not as floating-point numbers");
        return name;
    }

    /// <summary>A tensor that is not part of the model would be silently lost: only known buffers, repeated heads and zero biases may be left.</summary>
    private static void RefuseStrangers(string directory, SafetensorsDirectory weights, ModelConfiguration configuration, HashSet<string> used)
    {
        var zeros = ZerosOnDisk(configuration).Select(z => z.Name).ToHashSet(StringComparer.Ordinal);
        foreach (var tensor in weights.Tensors)
        {
            var name = tensor.Name;
            if (used.Contains(name) || configuration.IsRedundant(name)) continue;
            if (!zeros.Contains(name)) throw new CoppiceException($"{directory}: '{name}' is not part of a {configuration.ModelType} model of this configuration");
            if (weights.ReadFloats(name).Any(value => value != 0)) throw new CoppiceException($"{directory}: '{name}' is not zero, but {ConfigurationFile} says that there are no biases");
        }
    }

    private static void Copy(SafetensorsDirectory weights, string name, Parameter parameter)
    {
        var buffer = new float[Math.Min(parameter.Count, 1 << 20)];
        var values = parameter.Tensor;
        for (var start = 0L; start < parameter.Count; start += buffer.Length)
        {
            var part = buffer.AsSpan(0, (int)Math.Min(buffer.Length, parameter.Count - start));
            weights.ReadFloats(name, start, part);
            values.CopyFrom(start, part);
        }
    }

    private static long[] Dimensions(Shape shape) => [.. Enumerable.Range(0, shape.Rank).Select(i => (long)shape[i])];

    private static void WriteJson(string path, Action<Utf8JsonWriter> write)
    {
        using var memory = new MemoryStream();
        using (var json = new Utf8JsonWriter(memory, Indented))
        {
            json.WriteStartObject();
            write(json);
            json.WriteEndObject();
        }

        AtomicFile.WriteText(path, Encoding.UTF8.GetString(memory.ToArray()) + "\n");
    }
}
