using System.Text.Json;
using Coppice.Tensors;

namespace Coppice.Models;

/// <summary>The Llama family: rotary positions, RMSNorm, gated MLP; Mistral's window, Qwen2's biases and Qwen3's query/key norms are options of it.</summary>
public sealed record LlamaConfiguration : ModelConfiguration
{
    /// <summary>The <c>model_type</c>s of the family.</summary>
    public static IReadOnlyList<string> Types { get; } = ["llama", "mistral", "qwen2", "qwen3"];

    /// <summary>Which member of the family, for the name on disk.</summary>
    public required string Family { get; init; }

    /// <inheritdoc/>
    public override string ModelType => Family;

    /// <inheritdoc/>
    public override required int KeyValueHeads { get; init; }

    /// <inheritdoc/>
    public override required int HeadSize { get; init; }

    /// <summary>Width inside the MLP.</summary>
    public required int IntermediateSize { get; init; }

    /// <summary>Base of the rotary frequencies.</summary>
    public double RopeTheta { get; init; } = 10000;

    /// <summary>0, or the number of latest tokens that a token sees, itself included.</summary>
    public int SlidingWindow { get; init; }

    /// <summary>Biases on queries, keys and values.</summary>
    public bool QkvBias { get; init; }

    /// <summary>A bias on the attention's output projection.</summary>
    public bool OutputBias { get; init; }

    /// <summary>Biases in the MLP.</summary>
    public bool MlpBias { get; init; }

    /// <summary>RMSNorm on each head of queries and keys.</summary>
    public bool QueryKeyNorm { get; init; }

    /// <inheritdoc/>
    public override IReadOnlyList<ParameterPlan> Plan()
    {
        var plan = new List<ParameterPlan>();
        var residual = InitializerRange / Math.Sqrt(2.0 * Layers);
        plan.Add(new("model.embed_tokens.weight", new Shape(VocabularySize, HiddenSize), Initial.Normal(InitializerRange)));
        for (var layer = 0; layer < Layers; layer++)
        {
            var prefix = $"model.layers.{layer}.";
            plan.Add(new(prefix + "input_layernorm.weight", new Shape(HiddenSize), Initial.Ones));
            Linear(plan, prefix + "self_attn.q_proj", HiddenSize, Heads * HeadSize, InitializerRange, QkvBias);
            Linear(plan, prefix + "self_attn.k_proj", HiddenSize, KeyValueHeads * HeadSize, InitializerRange, QkvBias);
            Linear(plan, prefix + "self_attn.v_proj", HiddenSize, KeyValueHeads * HeadSize, InitializerRange, QkvBias);
            if (QueryKeyNorm)
            {
                plan.Add(new(prefix + "self_attn.q_norm.weight", new Shape(HeadSize), Initial.Ones));
                plan.Add(new(prefix + "self_attn.k_norm.weight", new Shape(HeadSize), Initial.Ones));
            }

            Linear(plan, prefix + "self_attn.o_proj", Heads * HeadSize, HiddenSize, residual, OutputBias);
            plan.Add(new(prefix + "post_attention_layernorm.weight", new Shape(HiddenSize), Initial.Ones));
            Linear(plan, prefix + "mlp.gate_proj", HiddenSize, IntermediateSize, InitializerRange, MlpBias);
            Linear(plan, prefix + "mlp.up_proj", HiddenSize, IntermediateSize, InitializerRange, MlpBias);
            Linear(plan, prefix + "mlp.down_proj", IntermediateSize, HiddenSize, residual, MlpBias);
        }

        plan.Add(new("model.norm.weight", new Shape(HiddenSize), Initial.Ones));
        if (!TieEmbeddings) plan.Add(new("lm_head.weight", new Shape(VocabularySize, HiddenSize), Initial.Normal(InitializerRange)));
        return plan;
    }

    /// <inheritdoc/>
    public override LanguageModel Create(Backend backend, bool trainable = true) => new LlamaModel(this, backend, trainable);

    internal override (string Embedding, string Head) Tables => ("model.embed_tokens.weight", TieEmbeddings ? "model.embed_tokens.weight" : "lm_head.weight");

    internal override LanguageModel Create(Backend backend, QuantizedParameters quantized) => new LlamaModel(this, backend, trainable: false, quantized);

    internal static LlamaConfiguration Read(ConfigurationReader json, string family)
    {
        var activation = json.Text("hidden_act", "silu");
        if (activation is not ("silu" or "swish")) throw json.Error("hidden_act", $"'{activation}' is not supported; the family's activation is silu");
        if (json.Has("rope_scaling")) throw json.Error("rope_scaling", "scaled rotary positions are not supported");
        if (json.Number("partial_rotary_factor", 1) != 1) throw json.Error("partial_rotary_factor", "only 1 is supported");
        var hidden = json.Size("hidden_size");
        var heads = json.Size("num_attention_heads");
        if (!json.Has("head_dim") && hidden % heads != 0) throw json.Error("num_attention_heads", $"{heads} heads don't divide hidden_size {hidden}");
        var headSize = json.Size("head_dim", family == "qwen3" ? 128 : hidden / heads);
        if (headSize % 2 != 0) throw json.Error("head_dim", $"{headSize} is odd; rotary positions turn pairs");
        json.CheckHeads("head_dim", heads, headSize);
        var keyValueHeads = json.Size("num_key_value_heads", heads);
        if (heads % keyValueHeads != 0) throw json.Error("num_key_value_heads", $"{keyValueHeads} doesn't divide {heads} heads");
        var attentionBias = json.Flag("attention_bias", false);
        // Mistral's window is always on where it is given; the Qwens' only with a switch.
        var windowed = family == "mistral" || (family is "qwen2" or "qwen3" && json.Flag("use_sliding_window", false));
        if (windowed && family != "mistral") throw json.Error("use_sliding_window", "windows on some of the layers are not supported");
        return new LlamaConfiguration
        {
            Family = family,
            VocabularySize = json.Size("vocab_size"),
            HiddenSize = hidden,
            Layers = json.Layers("num_hidden_layers"),
            Heads = heads,
            KeyValueHeads = keyValueHeads,
            HeadSize = headSize,
            IntermediateSize = json.Size("intermediate_size"),
            MaxPositions = json.Size("max_position_embeddings", 2048),
            NormEpsilon = (float)json.Number("rms_norm_eps", 1e-6),
            RopeTheta = json.RopeTheta(),
            SlidingWindow = windowed && json.Has("sliding_window") ? json.Size("sliding_window") : 0,
            QkvBias = family == "qwen2" || attentionBias,
            OutputBias = attentionBias,
            MlpBias = json.Flag("mlp_bias", false),
            QueryKeyNorm = family == "qwen3",
            InitializerRange = (float)json.Number("initializer_range", 0.02),
            Dropout = (float)json.Dropout("resid_pdrop"),
            TieEmbeddings = json.Flag("tie_word_embeddings", false),
            BeginOfText = json.Token("bos_token_id"),
            EndOfText = json.Token("eos_token_id"),
        };
    }

    internal override void Write(Utf8JsonWriter json)
    {
        json.WriteStartArray("architectures");
        json.WriteStringValue(Family switch { "mistral" => "MistralForCausalLM", "qwen2" => "Qwen2ForCausalLM", "qwen3" => "Qwen3ForCausalLM", _ => "LlamaForCausalLM" });
        json.WriteEndArray();
        json.WriteString("model_type", Family);
        json.WriteNumber("vocab_size", VocabularySize);
        json.WriteNumber("hidden_size", HiddenSize);
        json.WriteNumber("intermediate_size", IntermediateSize);
        json.WriteNumber("num_hidden_layers", Layers);
        json.WriteNumber("num_attention_heads", Heads);
        json.WriteNumber("num_key_value_heads", KeyValueHeads);
        json.WriteNumber("head_dim", HeadSize);
        json.WriteNumber("max_position_embeddings", MaxPositions);
        json.WriteString("hidden_act", "silu");
        json.WriteNumber("rms_norm_eps", NormEpsilon);
        json.WriteNumber("rope_theta", RopeTheta);
        json.WriteNumber("initializer_range", InitializerRange);
        if (Dropout > 0) json.WriteNumber("resid_pdrop", Dropout);
        if (Family != "qwen2") json.WriteBoolean("attention_bias", OutputBias);
        json.WriteBoolean("mlp_bias", MlpBias);
        if (SlidingWindow > 0) json.WriteNumber("sliding_window", SlidingWindow);
        else if (Family == "mistral") json.WriteNull("sliding_window");
        json.WriteBoolean("tie_word_embeddings", TieEmbeddings);
        WriteTokens(json);
        json.WriteString("torch_dtype", "float32");
    }

    private static void Linear(List<ParameterPlan> plan, string name, int inputs, int outputs, double standardDeviation, bool bias)
    {
        plan.Add(new(name + ".weight", new Shape(outputs, inputs), Initial.Normal(standardDeviation)));
        if (bias) plan.Add(new(name + ".bias", new Shape(outputs), Initial.Zeros));
    }
}
