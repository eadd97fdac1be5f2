using System.Text.Json;
using Coppice.Tensors;

namespace Coppice.Models;

/// <summary>
/// The Llama family: rotary positions, RMSNorm, gated MLP. Mistral's window, Qwen2's biases and Qwen3's query/key norms are options of it, and so is what Phi-3
/// and Gemma do otherwise.
/// </summary>
public sealed record LlamaConfiguration : ModelConfiguration
{
    /// <summary>The <c>model_type</c>s of the family.</summary>
    public static IReadOnlyList<string> Types { get; } = ["llama", "mistral", "qwen2", "qwen3", "phi3", "gemma"];

    /// <summary>Which member of the family: for the name on disk, and for what its members do once and for all.</summary>
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

    /// <summary>The leading share of each head that turns.</summary>
    public double RotaryShare { get; init; } = 1;

    /// <summary>How many leading values of a head turn.</summary>
    public int RotarySize => RotaryOptions.SizeOf(HeadSize, RotaryShare);

    /// <summary>How rotary positions were stretched for longer texts; null where they weren't.</summary>
    public RotaryScaling? RotaryScaling { get; init; }

    /// <inheritdoc/>
    public override int ShortPositions => RotaryScaling?.ShortPositions ?? int.MaxValue;

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

    /// <summary>Whether queries, keys and values are rows of one matrix, and gate and up of another (Phi-3).</summary>
    public bool Fused => Family == "phi3";

    /// <summary>Whether a norm's parameter is what is added to a weight of one (Gemma).</summary>
    public bool NormsAboveOne => Family == "gemma";

    /// <summary>Multiplies the embeddings of tokens (Gemma).</summary>
    public float EmbeddingScale => Family == "gemma" ? MathF.Sqrt(HiddenSize) : 1;

    /// <summary>The activation of the MLP's gate.</summary>
    public PointwiseFunction Activation => Family == "gemma" ? PointwiseFunction.GeluTanh : PointwiseFunction.Silu;

    /// <inheritdoc/>
    public override IReadOnlyList<ParameterPlan> Plan()
    {
        var plan = new List<ParameterPlan>();
        var residual = InitializerRange / Math.Sqrt(2.0 * Layers);
        var norm = NormsAboveOne ? Initial.Zeros : Initial.Ones;
        plan.Add(new("model.embed_tokens.weight", new Shape(VocabularySize, HiddenSize), Initial.Normal(InitializerRange)));
        for (var layer = 0; layer < Layers; layer++)
        {
            var prefix = $"model.layers.{layer}.";
            plan.Add(new(prefix + "input_layernorm.weight", new Shape(HiddenSize), norm));
            if (Fused)
            {
                Linear(plan, prefix + "self_attn.qkv_proj", HiddenSize, (Heads + 2 * KeyValueHeads) * HeadSize, InitializerRange, QkvBias);
            }
            else
            {
                Linear(plan, prefix + "self_attn.q_proj", HiddenSize, Heads * HeadSize, InitializerRange, QkvBias);
                Linear(plan, prefix + "self_attn.k_proj", HiddenSize, KeyValueHeads * HeadSize, InitializerRange, QkvBias);
                Linear(plan, prefix + "self_attn.v_proj", HiddenSize, KeyValueHeads * HeadSize, InitializerRange, QkvBias);
            }

            if (QueryKeyNorm)
            {
                plan.Add(new(prefix + "self_attn.q_norm.weight", new Shape(HeadSize), Initial.Ones));
                plan.Add(new(prefix + "self_attn.k_norm.weight", new Shape(HeadSize), Initial.Ones));
            }

            Linear(plan, prefix + "self_attn.o_proj", Heads * HeadSize, HiddenSize, residual, OutputBias);
            plan.Add(new(prefix + "post_attention_layernorm.weight", new Shape(HiddenSize), norm));
            if (Fused)
            {
                Linear(plan, prefix + "mlp.gate_up_proj", HiddenSize, 2 * IntermediateSize, InitializerRange, MlpBias);
            }
            else
            {
                Linear(plan, prefix + "mlp.gate_proj", HiddenSize, IntermediateSize, InitializerRange, MlpBias);
                Linear(plan, prefix + "mlp.up_proj", HiddenSize, IntermediateSize, InitializerRange, MlpBias);
            }

            Linear(plan, prefix + "mlp.down_proj", IntermediateSize, HiddenSize, residual, MlpBias);
        }

        plan.Add(new("model.norm.weight", new Shape(HiddenSize), norm));
        if (!TieEmbeddings) plan.Add(new("lm_head.weight", new Shape(VocabularySize, HiddenSize), Initial.Normal(InitializerRange)));
        return plan;
    }

    /// <inheritdoc/>
    public override LanguageModel Create(Backend backend, bool trainable = true) => new LlamaModel(this, backend, trainable);

    internal override (string Embedding, string Head) Tables => ("model.embed_tokens.weight", TieEmbeddings ? "model.embed_tokens.weight" : "lm_head.weight");

    internal override LanguageModel Create(Backend backend, QuantizedParameters quantized) => new LlamaModel(this, backend, trainable: false, quantized);

    internal static LlamaConfiguration Read(ConfigurationReader json, string family)
    {
        CheckActivation(json, family);
        var positions = json.Size("max_position_embeddings", family switch { "phi3" => 4096, "gemma" => 8192, _ => 2048 });
        var rotary = RotaryOptions.Read(json, positions);
        if (rotary.Share != 1 && family != "phi3") throw json.Error("partial_rotary_factor", "only 1 is supported");
        var hidden = json.Size("hidden_size");
        var heads = json.Size("num_attention_heads");
        if (!json.Has("head_dim") && hidden % heads != 0) throw json.Error("num_attention_heads", $"{heads} heads don't divide hidden_size {hidden}");
        var headSize = json.Size("head_dim", family switch { "qwen3" => 128, "gemma" => 256, _ => hidden / heads });
        rotary.RequirePairs(json, headSize, "head_dim");
        json.CheckHeads("head_dim", heads, headSize);
        var keyValueHeads = json.Size("num_key_value_heads", heads);
        if (heads % keyValueHeads != 0) throw json.Error("num_key_value_heads", $"{keyValueHeads} doesn't divide {heads} heads");
        var attentionBias = json.Flag("attention_bias", false);
        if (family is "phi3" or "gemma") json.MustBe("mlp_bias", false, otherwise: false);
        if (family == "phi3") json.MustBe("attention_bias", false, otherwise: false);
        // Mistral's and Phi-3's windows are always on where they are given; the Qwens' only with a switch.
        var windowed = family is "mistral" or "phi3";
        if (family is "qwen2" or "qwen3" && json.Flag("use_sliding_window", false)) throw json.Error("use_sliding_window", "windows on some of the layers are not supported");
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
            MaxPositions = positions,
            NormEpsilon = (float)json.Number("rms_norm_eps", family == "phi3" ? 1e-5 : 1e-6),
            RopeTheta = rotary.Theta,
            RotaryShare = rotary.Share,
            RotaryScaling = rotary.Scaling,
            SlidingWindow = windowed && json.Has("sliding_window") ? json.Size("sliding_window") : 0,
            QkvBias = family == "qwen2" || attentionBias,
            OutputBias = attentionBias,
            MlpBias = json.Flag("mlp_bias", false),
            QueryKeyNorm = family == "qwen3",
            InitializerRange = (float)json.Number("initializer_range", 0.02),
            Dropout = (float)json.Dropout("resid_pdrop"),
            TieEmbeddings = json.Flag("tie_word_embeddings", family == "gemma"),
            BeginOfText = json.Token("bos_token_id"),
            EndOfText = json.Token("eos_token_id"),
        };
    }

    internal override void Write(Utf8JsonWriter json)
    {
        json.WriteStartArray("architectures");
        json.WriteStringValue(Family switch
        {
            "mistral" => "MistralForCausalLM", "qwen2" => "Qwen2ForCausalLM", "qwen3" => "Qwen3ForCausalLM", "phi3" => "Phi3ForCausalLM", "gemma" => "GemmaForCausalLM",
            _ => "LlamaForCausalLM",
        });
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
        json.WriteString("hidden_act", ActivationName);
        if (Family == "gemma") json.WriteString("hidden_activation", ActivationName);
        json.WriteNumber("rms_norm_eps", NormEpsilon);
        json.WriteNumber("rope_theta", RopeTheta);
        if (RotaryShare != 1) json.WriteNumber("partial_rotary_factor", RotaryShare);
        RotaryScalingReader.Write(json, RotaryScaling, Family);
        json.WriteNumber("initializer_range", InitializerRange);
        if (Dropout > 0) json.WriteNumber("resid_pdrop", Dropout);
        if (Family != "qwen2") json.WriteBoolean("attention_bias", OutputBias);
        if (Family is not ("phi3" or "gemma")) json.WriteBoolean("mlp_bias", MlpBias);
        if (SlidingWindow > 0) json.WriteNumber("sliding_window", SlidingWindow);
        else if (Family is "mistral" or "phi3") json.WriteNull("sliding_window");
        // Left out, it would be a token that small vocabularies lack, and Hugging Face's Phi-3 would not open.
        if (Family == "phi3") json.WriteNull("pad_token_id");
        json.WriteBoolean("tie_word_embeddings", TieEmbeddings);
        WriteTokens(json);
        json.WriteString("torch_dtype", "float32");
    }

    private string ActivationName => Family == "gemma" ? "gelu_pytorch_tanh" : "silu";

    private static void CheckActivation(ConfigurationReader json, string family)
    {
        if (family == "gemma")
        {
            // The first files say gelu where they mean the approximation, which the models were trained with; a second key overrules it.
            var key = json.Has("hidden_activation") ? "hidden_activation" : "hidden_act";
            var name = json.Text(key, "gelu_pytorch_tanh");
            if (name is not ("gelu_pytorch_tanh" or "gelu_new") && !(name == "gelu" && key == "hidden_act"))
                throw json.Error(key, $"'{name}' is not supported; the family's activation is gelu_pytorch_tanh");
        }
        else if (json.Text("hidden_act", "silu") is not ("silu" or "swish") and var name)
        {
            throw json.Error("hidden_act", $"'{name}' is not supported; the family's activation is silu");
        }
    }

    private static void Linear(List<ParameterPlan> plan, string name, int inputs, int outputs, double standardDeviation, bool bias)
    {
        plan.Add(new(name + ".weight", new Shape(outputs, inputs), Initial.Normal(standardDeviation)));
        if (bias) plan.Add(new(name + ".bias", new Shape(outputs), Initial.Zeros));
    }
}
