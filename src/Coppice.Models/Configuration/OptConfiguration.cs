using System.Text.Json;
using Coppice.Tensors;

namespace Coppice.Models;

/// <summary>OPT: learned positions, LayerNorm before each branch, biases everywhere.</summary>
public sealed record OptConfiguration : MultiHeadConfiguration
{
    /// <summary>Its <c>model_type</c>.</summary>
    public const string Type = "opt";

    internal const string PositionEmbedding = "model.decoder.embed_positions";

    /// <inheritdoc/>
    public override string ModelType => Type;

    /// <summary>2: the first rows were meant for padding and are never used.</summary>
    public override int FirstPosition => 2;

    /// <summary>Width inside the MLP.</summary>
    public required int IntermediateSize { get; init; }

    /// <summary>The MLP's activation.</summary>
    public PointwiseFunction Activation { get; init; } = PointwiseFunction.Relu;

    /// <inheritdoc/>
    public override IReadOnlyList<ParameterPlan> Plan()
    {
        var parameters = new List<ParameterPlan>();
        var plan = new LayerPlan(parameters, InitializerRange);
        plan.Matrix("model.decoder.embed_tokens", VocabularySize, HiddenSize);
        plan.Matrix(PositionEmbedding, MaxPositions + FirstPosition, HiddenSize);
        for (var layer = 0; layer < Layers; layer++)
        {
            var prefix = $"model.decoder.layers.{layer}.";
            plan.Norm(prefix + "self_attn_layer_norm", HiddenSize);
            plan.Linear(prefix + "self_attn.q_proj", HiddenSize, HiddenSize);
            plan.Linear(prefix + "self_attn.k_proj", HiddenSize, HiddenSize);
            plan.Linear(prefix + "self_attn.v_proj", HiddenSize, HiddenSize);
            plan.Linear(prefix + "self_attn.out_proj", HiddenSize, HiddenSize);
            plan.Norm(prefix + "final_layer_norm", HiddenSize);
            plan.Linear(prefix + "fc1", HiddenSize, IntermediateSize);
            plan.Linear(prefix + "fc2", IntermediateSize, HiddenSize);
        }

        plan.Norm("model.decoder.final_layer_norm", HiddenSize);
        if (!TieEmbeddings) plan.Matrix("lm_head", VocabularySize, HiddenSize);
        return parameters;
    }

    /// <inheritdoc/>
    public override LanguageModel Create(Backend backend, bool trainable = true) => new OptModel(this, backend, trainable);

    internal override (string Embedding, string Head) Tables => ("model.decoder.embed_tokens.weight", TieEmbeddings ? "model.decoder.embed_tokens.weight" : "lm_head.weight");

    internal override LanguageModel Create(Backend backend, QuantizedParameters quantized) => new OptModel(this, backend, trainable: false, quantized);

    internal override bool IsQuantizable(ParameterPlan parameter) => base.IsQuantizable(parameter) && parameter.Name != PositionEmbedding + ".weight";

    internal static OptConfiguration Read(ConfigurationReader json)
    {
        json.MustBe("do_layer_norm_before", true, otherwise: true);
        json.MustBe("_remove_final_layer_norm", false, otherwise: false);
        json.MustBe("enable_bias", true, otherwise: true);
        json.MustBe("layer_norm_elementwise_affine", true, otherwise: true);
        var hidden = json.Size("hidden_size");
        var heads = json.Size("num_attention_heads");
        if (hidden % heads != 0) throw json.Error("num_attention_heads", $"{heads} heads don't divide hidden_size {hidden}");
        if (json.Size("word_embed_proj_dim", hidden) is var width && width != hidden)
            throw json.Error("word_embed_proj_dim", $"{width} is not hidden_size {hidden}; embeddings of another width are not supported");
        return new OptConfiguration
        {
            VocabularySize = json.Size("vocab_size"),
            HiddenSize = hidden,
            Layers = json.Layers("num_hidden_layers"),
            Heads = heads,
            MaxPositions = json.Size("max_position_embeddings", 2048),
            IntermediateSize = json.Size("ffn_dim"),
            Activation = Activations.Read(json, "activation_function", "relu"),
            InitializerRange = (float)json.Number("init_std", 0.02),
            Dropout = (float)json.Dropout("dropout"),
            TieEmbeddings = json.Flag("tie_word_embeddings", true),
            BeginOfText = json.Token("bos_token_id"),
            EndOfText = json.Token("eos_token_id"),
        };
    }

    internal override void Write(Utf8JsonWriter json)
    {
        json.WriteStartArray("architectures");
        json.WriteStringValue("OPTForCausalLM");
        json.WriteEndArray();
        json.WriteString("model_type", Type);
        json.WriteNumber("vocab_size", VocabularySize);
        json.WriteNumber("hidden_size", HiddenSize);
        json.WriteNumber("word_embed_proj_dim", HiddenSize);
        json.WriteNumber("ffn_dim", IntermediateSize);
        json.WriteNumber("num_hidden_layers", Layers);
        json.WriteNumber("num_attention_heads", Heads);
        json.WriteNumber("max_position_embeddings", MaxPositions);
        json.WriteString("activation_function", Activations.NameOf(Activation));
        json.WriteBoolean("do_layer_norm_before", true);
        json.WriteNumber("init_std", InitializerRange);
        json.WriteNumber("dropout", Dropout);
        json.WriteNumber("attention_dropout", 0);
        json.WriteBoolean("tie_word_embeddings", TieEmbeddings);
        WriteTokens(json);
        json.WriteString("torch_dtype", "float32");
    }
}
