using Coppice.Foundation;
using Coppice.Tensors;

namespace Coppice.Models.Gguf;

/// <summary>
/// A model's configuration as the metadata of a GGUF file. Every option that llama.cpp's program for the architecture doesn't have is refused, since the file
/// would compute something else.
/// </summary>
internal static class GgufArchitecture
{
    private const string ArchitectureKey = "general.architecture";
    private const int MostLayers = 1 << 12;
    private const int Largest = 1 << 24;

    private static readonly string[] Names = ["gpt2", "llama", "qwen2", "qwen3"];

    /// <summary>GGUF's name of an architecture.</summary>
    /// <param name="configuration">The model's configuration.</param>
    public static string NameOf(ModelConfiguration configuration) => configuration.ModelType == "mistral" ? "llama" : configuration.ModelType;

    /// <summary>Adds a configuration to a file.</summary>
    /// <param name="file">The file.</param>
    /// <param name="configuration">The configuration.</param>
    /// <param name="notes">Receives what a reader of the file should know.</param>
    /// <exception cref="CoppiceException">llama.cpp has no such model.</exception>
    public static void Write(GgufWriter file, ModelConfiguration configuration, List<string> notes)
    {
        Check(configuration);
        var name = NameOf(configuration);
        file.Add(ArchitectureKey, name);
        void Add(string key, int value) => file.Add($"{name}.{key}", value);
        Add("vocab_size", configuration.VocabularySize);
        Add("context_length", ContextLength(configuration, notes));
        Add("embedding_length", configuration.HiddenSize);
        Add("block_count", configuration.Layers);
        Add("attention.head_count", configuration.Heads);
        Add("attention.head_count_kv", configuration.KeyValueHeads);
        switch (configuration)
        {
            case Gpt2Configuration gpt2:
                Add("feed_forward_length", gpt2.IntermediateSize);
                file.Add($"{name}.attention.layer_norm_epsilon", gpt2.NormEpsilon);
                break;
            case LlamaConfiguration llama:
                Add("feed_forward_length", llama.IntermediateSize);
                Add("attention.key_length", llama.HeadSize);
                Add("attention.value_length", llama.HeadSize);
                Add("rope.dimension_count", llama.HeadSize);
                file.Add($"{name}.rope.freq_base", (float)llama.RopeTheta);
                file.Add($"{name}.attention.layer_norm_rms_epsilon", llama.NormEpsilon);
                break;
        }
    }

    /// <summary>Reads the configuration of a file; its sizes are those of tensors that the file holds.</summary>
    /// <param name="file">The file.</param>
    /// <exception cref="CoppiceException">Something is missing, or the model is none that is supported.</exception>
    public static ModelConfiguration Read(GgufFile file)
    {
        var metadata = file.Metadata;
        var name = metadata.Text(ArchitectureKey);
        if (!Names.Contains(name)) throw metadata.Error(ArchitectureKey, $"'{name}' is not supported; supported are {string.Join(", ", Names)}");
        return name == "gpt2" ? ReadGpt2(file, Begin(file, name)) : ReadLlama(file, name, Begin(file, name));
    }

    private static void Check(ModelConfiguration configuration)
    {
        var name = configuration.ModelType;
        if (!configuration.IsCausal) throw new CoppiceException($"{name}: only models that continue a text are written as GGUF; an encoder can be written as an .onnx file");
        if (configuration is Gpt2Configuration { Activation: not PointwiseFunction.GeluTanh })
            throw new CoppiceException("GGUF's gpt2 has no activation but gelu_new: this model can't be exported");
        if (configuration is LlamaConfiguration { MlpBias: true } && name is not ("llama" or "mistral"))
            throw new CoppiceException($"GGUF's {name} has no biases in the MLP: this model can't be exported");
        if (configuration is LlamaConfiguration { OutputBias: true } && name is not ("llama" or "mistral"))
            throw new CoppiceException($"GGUF's {name} has no bias on the attention's output: this model can't be exported");
        if (name == "qwen2" && configuration.Heads * configuration.HeadSize != configuration.HiddenSize)
            throw new CoppiceException($"GGUF's qwen2 has heads that are together as wide as the model: this model, with {configuration.Heads} heads of {configuration.HeadSize} and {configuration.HiddenSize} values, can't be exported");
    }

    // Within the window all tokens are seen, so that up to there the models are one.
    private static int ContextLength(ModelConfiguration configuration, List<string> notes)
    {
        var window = configuration is LlamaConfiguration llama ? llama.SlidingWindow : 0;
        if (window == 0 || window >= configuration.MaxPositions) return configuration.MaxPositions;
        notes.Add($"GGUF's llama has no sliding window: the context is cut from {configuration.MaxPositions} tokens to the window's {window}");
        return window;
    }

    private static Sizes Begin(GgufFile file, string name)
    {
        var metadata = file.Metadata;
        var sizes = new Sizes(
            metadata.Size($"{name}.context_length"),
            metadata.Size($"{name}.embedding_length"),
            metadata.Size($"{name}.feed_forward_length"),
            metadata.Size($"{name}.block_count", largest: MostLayers),
            metadata.Size($"{name}.attention.head_count"),
            Rows(file, "token_embd.weight"));
        // Each layer is a list of parameters, made before any of its tensors is looked for.
        return sizes.Layers <= file.Tensors.Count
            ? sizes
            : throw metadata.Error($"{name}.block_count", $"{sizes.Layers} blocks are more than the file's {file.Tensors.Count} tensors");
    }

    private static int Rows(GgufFile file, string tensor)
    {
        var shape = file.Find(tensor).Shape;
        return shape.Count == 2 && shape[0] <= Largest ? (int)shape[0] : throw new CoppiceException($"{file.Path}: '{tensor}' has the shape [{string.Join(", ", shape)}], which is no matrix of at most {Largest} rows");
    }

    private static Gpt2Configuration ReadGpt2(GgufFile file, Sizes sizes)
    {
        var metadata = file.Metadata;
        if (sizes.Hidden % sizes.Heads != 0) throw metadata.Error("gpt2.attention.head_count", $"{sizes.Heads} heads don't divide {sizes.Hidden}");
        if (metadata.Size("gpt2.attention.head_count_kv", sizes.Heads) != sizes.Heads) throw metadata.Error("gpt2.attention.head_count_kv", "GPT-2 has as many key/value heads as heads");
        return new Gpt2Configuration
        {
            VocabularySize = sizes.Vocabulary,
            HiddenSize = sizes.Hidden,
            Layers = sizes.Layers,
            Heads = sizes.Heads,
            MaxPositions = sizes.Context,
            IntermediateSize = sizes.Intermediate,
            NormEpsilon = Epsilon(metadata, "gpt2.attention.layer_norm_epsilon"),
            TieEmbeddings = !file.Contains("output.weight"),
            BeginOfText = Token(metadata, GgufTokenizer.BeginKey, sizes),
            EndOfText = Token(metadata, GgufTokenizer.EndKey, sizes),
        };
    }

    private static LlamaConfiguration ReadLlama(GgufFile file, string name, Sizes sizes)
    {
        var metadata = file.Metadata;
        var headSize = HeadSize(metadata, name, sizes);
        var keyValueHeads = metadata.Size($"{name}.attention.head_count_kv", sizes.Heads);
        if (sizes.Heads % keyValueHeads != 0) throw metadata.Error($"{name}.attention.head_count_kv", $"{keyValueHeads} doesn't divide {sizes.Heads} heads");
        var scaling = metadata.OptionalText($"{name}.rope.scaling.type") ?? "none";
        if (scaling != "none") throw metadata.Error($"{name}.rope.scaling.type", $"'{scaling}' is not supported; only unscaled rotary positions are");
        if (metadata.Has($"{name}.expert_count") && metadata.OptionalWhole($"{name}.expert_count") > 0) throw metadata.Error($"{name}.expert_count", "mixtures of experts are not supported");
        var theta = metadata.Number($"{name}.rope.freq_base", 10000);
        if (theta <= 0) throw metadata.Error($"{name}.rope.freq_base", "a number above 0 is expected");
        var (inputBias, outputBias) = (file.Contains("blk.0.attn_q.bias"), file.Contains("blk.0.attn_output.bias"));
        // Qwen2 has them on the inputs alone; the others have one switch for both.
        if (name != "qwen2" && inputBias != outputBias) throw new CoppiceException($"{file.Path}: biases on some of the attention's projections are not supported for {name}");
        return new LlamaConfiguration
        {
            Family = name,
            VocabularySize = sizes.Vocabulary,
            HiddenSize = sizes.Hidden,
            Layers = sizes.Layers,
            Heads = sizes.Heads,
            KeyValueHeads = keyValueHeads,
            HeadSize = headSize,
            IntermediateSize = sizes.Intermediate,
            MaxPositions = sizes.Context,
            NormEpsilon = Epsilon(metadata, $"{name}.attention.layer_norm_rms_epsilon"),
            RopeTheta = theta,
            QkvBias = name == "qwen2" || inputBias,
            OutputBias = outputBias,
            MlpBias = file.Contains("blk.0.ffn_up.bias"),
            QueryKeyNorm = name == "qwen3",
            TieEmbeddings = !file.Contains("output.weight"),
            BeginOfText = Token(metadata, GgufTokenizer.BeginKey, sizes),
            EndOfText = Token(metadata, GgufTokenizer.EndKey, sizes),
        };
    }

    private static int HeadSize(GgufMetadata metadata, string name, Sizes sizes)
    {
        var key = $"{name}.attention.key_length";
        if (!metadata.Has(key) && sizes.Hidden % sizes.Heads != 0) throw metadata.Error($"{name}.attention.head_count", $"{sizes.Heads} heads don't divide {sizes.Hidden}");
        var size = metadata.Size(key, sizes.Hidden / sizes.Heads);
        if (size % 2 != 0) throw metadata.Error(key, $"{size} is odd; rotary positions turn pairs");
        if ((long)sizes.Heads * size > Largest) throw metadata.Error(key, $"{sizes.Heads} heads of {size} are wider than {Largest}");
        foreach (var other in new[] { $"{name}.attention.value_length", $"{name}.rope.dimension_count" })
        {
            if (metadata.Size(other, size) != size) throw metadata.Error(other, $"only the size of a head, {size}, is supported");
        }

        return size;
    }

    private static int? Token(GgufMetadata metadata, string key, Sizes sizes)
    {
        var id = metadata.OptionalWhole(key);
        return id is null || id < sizes.Vocabulary ? id : throw metadata.Error(key, $"{id} is not in the vocabulary of {sizes.Vocabulary}");
    }

    private static float Epsilon(GgufMetadata metadata, string key)
    {
        if (!metadata.Has(key)) throw metadata.Error(key, "is missing");
        return metadata.Number(key, 0) is >= 0 and <= 1 and var epsilon ? (float)epsilon : throw metadata.Error(key, "a number from 0 to 1 is expected");
    }

    private sealed record Sizes(int Context, int Hidden, int Intermediate, int Layers, int Heads, int Vocabulary);
}
