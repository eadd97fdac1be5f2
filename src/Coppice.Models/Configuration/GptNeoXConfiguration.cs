using System.Text.Json;
using Coppice.Tensors;

namespace Coppice.Models;

/// <summary>GPT-NeoX and Pythia: rotary positions on a part of each head, LayerNorm, and attention and MLP side by side.</summary>
public sealed record GptNeoXConfiguration : MultiHeadConfiguration
{
    /// <summary>Its <c>model_type</c>.</summary>
    public const string Type = "gpt_neox";

    private const string RotaryKey = "rotary_pct";

    /// <inheritdoc/>
    public override string ModelType => Type;

    /// <summary>Width inside the MLP.</summary>
    public required int IntermediateSize { get; init; }

    /// <summary>The MLP's activation.</summary>
    public PointwiseFunction Activation { get; init; } = PointwiseFunction.GeluErf;

    /// <summary>Base of the rotary frequencies.</summary>
    public double RopeTheta { get; init; } = 10000;

    /// <summary>The leading share of each head that turns.</summary>
    public double RotaryShare { get; init; } = 0.25;

    /// <summary>How many leading values of a head turn.</summary>
    public int RotarySize => RotaryOptions.SizeOf(HeadSize, RotaryShare);

    /// <summary>How rotary positions were stretched for longer texts; null where they weren't.</summary>
    public RotaryScaling? RotaryScaling { get; init; }

    /// <inheritdoc/>
    public override int ShortPositions => RotaryScaling?.ShortPositions ?? int.MaxValue;

    /// <summary>Whether attention and MLP both read what the block is given; otherwise the MLP reads what attention has added to it.</summary>
    public bool ParallelResidual { get; init; } = true;

    /// <summary>Whether the attention's projections have biases; those of the MLP always have.</summary>
    public bool AttentionBias { get; init; } = true;

    /// <inheritdoc/>
    public override IReadOnlyList<ParameterPlan> Plan()
    {
        var parameters = new List<ParameterPlan>();
        var plan = new LayerPlan(parameters, InitializerRange);
        plan.Matrix("gpt_neox.embed_in", VocabularySize, HiddenSize);
        for (var layer = 0; layer < Layers; layer++)
        {
            var prefix = $"gpt_neox.layers.{layer}.";
            plan.Norm(prefix + "input_layernorm", HiddenSize);
            plan.Norm(prefix + "post_attention_layernorm", HiddenSize);
            plan.Linear(prefix + "attention.query_key_value", HiddenSize, 3 * HiddenSize, AttentionBias);
            plan.Linear(prefix + "attention.dense", HiddenSize, HiddenSize, AttentionBias);
            plan.Linear(prefix + "mlp.dense_h_to_4h", HiddenSize, IntermediateSize);
            plan.Linear(prefix + "mlp.dense_4h_to_h", IntermediateSize, HiddenSize);
        }

        plan.Norm("gpt_neox.final_layer_norm", HiddenSize);
        if (!TieEmbeddings) plan.Matrix("embed_out", VocabularySize, HiddenSize);
        return parameters;
    }

    /// <inheritdoc/>
    public override LanguageModel Create(Backend backend, bool trainable = true) => new GptNeoXModel(this, backend, trainable);

    internal override (string Embedding, string Head) Tables => ("gpt_neox.embed_in.weight", TieEmbeddings ? "gpt_neox.embed_in.weight" : "embed_out.weight");

    internal override LanguageModel Create(Backend backend, QuantizedParameters quantized) => new GptNeoXModel(this, backend, trainable: false, quantized);

    internal static GptNeoXConfiguration Read(ConfigurationReader json)
    {
        var hidden = json.Size("hidden_size");
        var heads = json.Size("num_attention_heads");
        if (hidden % heads != 0) throw json.Error("num_attention_heads", $"{heads} heads don't divide hidden_size {hidden}");
        var positions = json.Size("max_position_embeddings", 2048);
        var rotary = RotaryOptions.Read(json, positions, "rotary_emb_base", RotaryKey, share: 0.25);
        rotary.RequirePairs(json, hidden / heads, "num_attention_heads", RotaryKey);
        return new GptNeoXConfiguration
        {
            VocabularySize = json.Size("vocab_size"),
            HiddenSize = hidden,
            Layers = json.Layers("num_hidden_layers"),
            Heads = heads,
            MaxPositions = positions,
            IntermediateSize = json.Size("intermediate_size"),
            Activation = Activations.Read(json, "hidden_act", "gelu"),
            RopeTheta = rotary.Theta,
            RotaryShare = rotary.Share,
            RotaryScaling = rotary.Scaling,
            ParallelResidual = json.Flag("use_parallel_residual", true),
            AttentionBias = json.Flag("attention_bias", true),
            NormEpsilon = (float)json.Number("layer_norm_eps", 1e-5),
            InitializerRange = (float)json.Number("initializer_range", 0.02),
            Dropout = (float)json.Dropout("hidden_dropout"),
            TieEmbeddings = json.Flag("tie_word_embeddings", false),
            BeginOfText = json.Token("bos_token_id"),
            EndOfText = json.Token("eos_token_id"),
        };
    }

    internal override bool IsRedundant(string tensor) =>
        tensor.EndsWith(".attention.bias", StringComparison.Ordinal) || tensor.EndsWith(".attention.masked_bias", StringComparison.Ordinal)
        || tensor.EndsWith("rotary_emb.inv_freq", StringComparison.Ordinal) || (TieEmbeddings && tensor == "embed_out.weight");

    internal override void Write(Utf8JsonWriter json)
    {
        json.WriteStartArray("architectures");
        json.WriteStringValue("GPTNeoXForCausalLM");
        json.WriteEndArray();
        json.WriteString("model_type", Type);
        json.WriteNumber("vocab_size", VocabularySize);
        json.WriteNumber("hidden_size", HiddenSize);
        json.WriteNumber("intermediate_size", IntermediateSize);
        json.WriteNumber("num_hidden_layers", Layers);
        json.WriteNumber("num_attention_heads", Heads);
        json.WriteNumber("max_position_embeddings", MaxPositions);
        json.WriteString("hidden_act", Activations.NameOf(Activation));
        json.WriteNumber(RotaryKey, RotaryShare);
        json.WriteNumber("rotary_emb_base", RopeTheta);
        RotaryScalingReader.Write(json, RotaryScaling, Type);
        json.WriteBoolean("use_parallel_residual", ParallelResidual);
        json.WriteBoolean("attention_bias", AttentionBias);
        json.WriteNumber("layer_norm_eps", NormEpsilon);
        json.WriteNumber("initializer_range", InitializerRange);
        json.WriteNumber("hidden_dropout", Dropout);
        json.WriteNumber("attention_dropout", 0);
        json.WriteBoolean("tie_word_embeddings", TieEmbeddings);
        WriteTokens(json);
        json.WriteString("torch_dtype", "float32");
    }
}
