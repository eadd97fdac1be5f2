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

    private static readonly string[] Names = ["gpt2", "llama", "qwen2", "qwen3", "phi3", "gemma", "gptneox"];

    /// <summary>GGUF's name of an architecture.</summary>
    /// <param name="configuration">The model's configuration.</param>
    public static string NameOf(ModelConfiguration configuration) => configuration.ModelType switch
    {
        "mistral" => "llama",
        GptNeoXConfiguration.Type => "gptneox",
        var name => name,
    };

    /// <summary>Adds a configuration to a file.</summary>
    /// <param name="file">The file.</param>
    /// <param name="configuration">The configuration.</param>
    /// <param name="notes">Receives what a reader of the file should know.</param>
    /// <exception cref="CoppiceException">llama.cpp has no such model.</exception>
    public static void Write(GgufWriter file, ModelConfiguration configuration, List<string> notes)
    {
        Check(configuration, notes);
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
                Add("rope.dimension_count", llama.RotarySize);
                // Readers of some ages insist on it; the context ends with the window.
                if (name == "phi3") Add("attention.sliding_window", 0);
                file.Add($"{name}.rope.freq_base", (float)llama.RopeTheta);
                GgufRotary.Write(file, name, llama.RotaryScaling, notes);
                file.Add($"{name}.attention.layer_norm_rms_epsilon", llama.NormEpsilon);
                break;
            case GptNeoXConfiguration neox:
                Add("feed_forward_length", neox.IntermediateSize);
                Add("rope.dimension_count", neox.RotarySize);
                file.Add($"{name}.rope.freq_base", (float)neox.RopeTheta);
                GgufRotary.Write(file, name, neox.RotaryScaling, notes);
                file.Add($"{name}.use_parallel_residual", neox.ParallelResidual);
                file.Add($"{name}.attention.layer_norm_epsilon", neox.NormEpsilon);
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
        var sizes = Begin(file, name);
        return name switch
        {
            "gpt2" => ReadGpt2(file, sizes),
            "gptneox" => ReadGptNeoX(file, sizes),
            _ => ReadLlama(file, name, sizes),
        };
    }

    private static void Check(ModelConfiguration configuration, List<string> notes)
    {
        var name = configuration.ModelType;
        if (!Names.Contains(NameOf(configuration))) throw new CoppiceException($"llama.cpp has no {name}: this model can't be exported as a GGUF file");
        if (configuration is GptNeoXConfiguration neox) Check(neox, notes);
        if (configuration is Gpt2Configuration { Activation: not PointwiseFunction.GeluTanh })
            throw new CoppiceException("GGUF's gpt2 has no activation but gelu_new: this model can't be exported");
        if (configuration is LlamaConfiguration { MlpBias: true } && name is not ("llama" or "mistral"))
            throw new CoppiceException($"GGUF's {name} has no biases in the MLP: this model can't be exported");
        if (configuration is LlamaConfiguration { OutputBias: true } && name is not ("llama" or "mistral"))
            throw new CoppiceException($"GGUF's {name} has no bias on the attention's output: this model can't be exported");
        if (configuration is LlamaConfiguration { Family: "gemma", TieEmbeddings: false }) throw new CoppiceException("GGUF's gemma has no head of its own: this model can't be exported");
        if (name is "qwen2" or "phi3" && configuration.Heads * configuration.HeadSize != configuration.HiddenSize)
            throw new CoppiceException($"GGUF's {name} has heads that are together as wide as the model: this model, with {configuration.Heads} heads of {configuration.HeadSize} and {configuration.HiddenSize} values, can't be exported");
    }

    private static void Check(GptNeoXConfiguration configuration, List<string> notes)
    {
        if (configuration.TieEmbeddings) throw new CoppiceException("GGUF's gptneox has a head of its own: this model, whose head is its embeddings, can't be exported");
        if (!configuration.AttentionBias) throw new CoppiceException("GGUF's gptneox has biases on the attention's projections: this model can't be exported");
        if (configuration.Activation is not (PointwiseFunction.GeluErf or PointwiseFunction.GeluTanh)) throw new CoppiceException("GGUF's gptneox has no activation but gelu: this model can't be exported");
        if (configuration.Activation == PointwiseFunction.GeluErf) notes.Add("llama.cpp computes gelu by its approximation with tanh: losses differ by about a thousandth");
    }

    // Within the window all tokens are seen, so that up to there the models are one.
    private static int ContextLength(ModelConfiguration configuration, List<string> notes)
    {
        var window = configuration is LlamaConfiguration llama ? llama.SlidingWindow : 0;
        if (window == 0 || window >= configuration.MaxPositions) return configuration.MaxPositions;
        notes.Add($"GGUF's {NameOf(configuration)} has no sliding window: the context is cut from {configuration.MaxPositions} tokens to the window's {window}");
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

    private static GptNeoXConfiguration ReadGptNeoX(GgufFile file, Sizes sizes)
    {
        var metadata = file.Metadata;
        if (sizes.Hidden % sizes.Heads != 0) throw metadata.Error("gptneox.attention.head_count", $"{sizes.Heads} heads don't divide {sizes.Hidden}");
        if (metadata.Size("gptneox.attention.head_count_kv", sizes.Heads) != sizes.Heads) throw metadata.Error("gptneox.attention.head_count_kv", "GPT-NeoX has as many key/value heads as heads");
        var headSize = sizes.Hidden / sizes.Heads;
        var (theta, rotarySize) = (Theta(metadata, "gptneox"), RotarySize(metadata, "gptneox", headSize));
        return new GptNeoXConfiguration
        {
            VocabularySize = sizes.Vocabulary,
            HiddenSize = sizes.Hidden,
            Layers = sizes.Layers,
            Heads = sizes.Heads,
            MaxPositions = sizes.Context,
            IntermediateSize = sizes.Intermediate,
            NormEpsilon = Epsilon(metadata, "gptneox.attention.layer_norm_epsilon"),
            RopeTheta = theta,
            RotaryShare = RotaryOptions.ShareOf(headSize, rotarySize),
            RotaryScaling = GgufRotary.Read(file, "gptneox", theta, rotarySize, sizes.Context),
            ParallelResidual = metadata.Flag("gptneox.use_parallel_residual", true),
            TieEmbeddings = false,
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
        var (theta, rotarySize) = (Theta(metadata, name), RotarySize(metadata, name, headSize));
        if (rotarySize != headSize && name != "phi3") throw metadata.Error($"{name}.rope.dimension_count", $"only the size of a head, {headSize}, is supported");
        if (metadata.Has($"{name}.expert_count") && metadata.OptionalWhole($"{name}.expert_count") > 0) throw metadata.Error($"{name}.expert_count", "mixtures of experts are not supported");
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
            RotaryShare = RotaryOptions.ShareOf(headSize, rotarySize),
            RotaryScaling = GgufRotary.Read(file, name, theta, rotarySize, sizes.Context),
            SlidingWindow = name == "phi3" ? metadata.OptionalWhole("phi3.attention.sliding_window") ?? 0 : 0,
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
        var other = $"{name}.attention.value_length";
        return metadata.Size(other, size) == size ? size : throw metadata.Error(other, $"only the size of a head, {size}, is supported");
    }

    private static int RotarySize(GgufMetadata metadata, string name, int headSize)
    {
        var key = $"{name}.rope.dimension_count";
        var size = metadata.Size(key, headSize);
        return size <= headSize && size % 2 == 0 ? size : throw metadata.Error(key, $"an even number up to the size of a head, {headSize}, is expected");
    }

    private static double Theta(GgufMetadata metadata, string name)
    {
        var theta = metadata.Number($"{name}.rope.freq_base", 10000);
        return theta > 0 ? theta : throw metadata.Error($"{name}.rope.freq_base", "a number above 0 is expected");
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
