using System.Text.Json;
using Coppice.Tensors;

namespace Coppice.Models;

/// <summary>The sizes of ELECTRA's generator, as far as they are not the discriminator's.</summary>
/// <param name="HiddenSize">Width of its residual stream.</param>
/// <param name="Layers">Its blocks.</param>
/// <param name="Heads">Its attention heads.</param>
/// <param name="IntermediateSize">Width inside its MLPs.</param>
/// <param name="Tied">Whether its blocks are the discriminator's lowest: ELECTRA's weight sharing, or that of TEAMS (arXiv:2105.06644) where it has fewer of them.</param>
public sealed record ElectraGenerator(int HiddenSize, int Layers, int Heads, int IntermediateSize, bool Tied = false);

/// <summary>
/// ELECTRA: an encoder that tells replaced tokens from those of the text, and the small generator that replaces them. On disk the discriminator is what
/// Hugging Face expects of one; the generator is in the same files under names of its own, which other tools pass over.
/// </summary>
public sealed record ElectraConfiguration : EncoderConfiguration
{
    /// <summary>Its <c>model_type</c>.</summary>
    public const string Type = "electra";

    private const string GeneratorKey = "generator_hidden_size";
    private const string TiedKey = "generator_tied";
    private const string Words = $"{ElectraNames.Prefix}{EncoderPlan.Words}.weight";

    /// <inheritdoc/>
    public override string ModelType => Type;

    /// <inheritdoc/>
    public override int TokenTypes => TypeVocabularySize;

    /// <summary>Width of the embeddings, which generator and discriminator share.</summary>
    public required int EmbeddingSize { get; init; }

    /// <summary>Segments that have an embedding.</summary>
    public int TypeVocabularySize { get; init; } = 2;

    /// <summary>Whether there is a head that detects replaced tokens.</summary>
    public bool DetectionHead { get; init; } = true;

    /// <summary>The generator; null for a discriminator alone.</summary>
    public ElectraGenerator? Generator { get; init; }

    internal EncoderSizes Sizes => new(EmbeddingSize, HiddenSize, Layers, Heads, IntermediateSize, Activation, NormEpsilon, Dropout);

    internal EncoderSizes? GeneratorSizes => Generator is null
        ? null
        : new(EmbeddingSize, Generator.HiddenSize, Generator.Layers, Generator.Heads, Generator.IntermediateSize, Activation, NormEpsilon, Dropout);

    /// <inheritdoc/>
    public override IReadOnlyList<ParameterPlan> Plan()
    {
        var parameters = new List<ParameterPlan>();
        var plan = new EncoderPlan(parameters, InitializerRange);
        plan.Embeddings(ElectraNames.Prefix, VocabularySize, MaxPositions, TypeVocabularySize, EmbeddingSize);
        plan.Blocks(ElectraNames.Prefix, Sizes);
        if (DetectionHead)
        {
            plan.Linear(ElectraNames.DetectionDense, HiddenSize, HiddenSize);
            plan.Linear(ElectraNames.Detection, HiddenSize, 1);
        }

        if (GeneratorSizes is not { } generator) return parameters;
        if (!Generator!.Tied) plan.Blocks(ElectraNames.GeneratorPrefix, generator);
        plan.Linear(ElectraNames.GeneratorDense, generator.HiddenSize, EmbeddingSize);
        plan.Norm(ElectraNames.GeneratorNorm, EmbeddingSize);
        plan.Zeros(ElectraNames.GeneratorBias, VocabularySize);
        return parameters;
    }

    /// <inheritdoc/>
    public override LanguageModel Create(Backend backend, bool trainable = true) => new ElectraModel(this, backend, trainable);

    internal override (string Embedding, string Head) Tables => (Words, Words);

    internal override LanguageModel Create(Backend backend, QuantizedParameters quantized) => new ElectraModel(this, backend, trainable: false, quantized);

    internal static ElectraConfiguration Read(ConfigurationReader json)
    {
        json.RequireEncoder();
        var hidden = json.Size("hidden_size");
        var heads = json.Size("num_attention_heads");
        if (hidden % heads != 0) throw json.Error("num_attention_heads", $"{heads} heads don't divide hidden_size {hidden}");
        var architecture = json.First("architectures");
        if (architecture == "ElectraForMaskedLM") throw json.Error("architectures", "'ElectraForMaskedLM' is a generator; discriminators are supported");
        var layers = json.Layers("num_hidden_layers");
        return new ElectraConfiguration
        {
            VocabularySize = json.Size("vocab_size"),
            EmbeddingSize = json.Size("embedding_size", hidden),
            HiddenSize = hidden,
            Layers = layers,
            Heads = heads,
            IntermediateSize = json.Size("intermediate_size"),
            Activation = Activations.Read(json, "hidden_act", "gelu"),
            MaxPositions = json.Size("max_position_embeddings", 512),
            TypeVocabularySize = json.Size("type_vocab_size", 2),
            PadToken = json.Token("pad_token_id") ?? 0,
            NormEpsilon = (float)json.Number("layer_norm_eps", 1e-12),
            InitializerRange = (float)json.Number("initializer_range", 0.02),
            Dropout = (float)json.Dropout("hidden_dropout_prob"),
            BeginOfText = json.Token("bos_token_id"),
            EndOfText = json.Token("eos_token_id"),
            DetectionHead = architecture is null || !architecture.EndsWith("Model", StringComparison.Ordinal),
            Generator = json.Has(GeneratorKey) ? ReadGenerator(json) : null,
        };
    }

    internal override bool IsRedundant(string tensor) => tensor.EndsWith("embeddings.position_ids", StringComparison.Ordinal);

    internal override void Write(Utf8JsonWriter json)
    {
        json.WriteStartArray("architectures");
        json.WriteStringValue(DetectionHead ? "ElectraForPreTraining" : "ElectraModel");
        json.WriteEndArray();
        json.WriteString("model_type", Type);
        json.WriteNumber("vocab_size", VocabularySize);
        json.WriteNumber("embedding_size", EmbeddingSize);
        json.WriteNumber("hidden_size", HiddenSize);
        json.WriteNumber("num_hidden_layers", Layers);
        json.WriteNumber("num_attention_heads", Heads);
        json.WriteNumber("intermediate_size", IntermediateSize);
        json.WriteString("hidden_act", Activations.NameOf(Activation));
        json.WriteNumber("max_position_embeddings", MaxPositions);
        json.WriteNumber("type_vocab_size", TypeVocabularySize);
        json.WriteNumber("pad_token_id", PadToken);
        json.WriteNumber("layer_norm_eps", NormEpsilon);
        json.WriteNumber("initializer_range", InitializerRange);
        json.WriteNumber("hidden_dropout_prob", Dropout);
        json.WriteNumber("attention_probs_dropout_prob", 0);
        json.WriteString("position_embedding_type", "absolute");
        if (Generator is { } generator)
        {
            json.WriteNumber(GeneratorKey, generator.HiddenSize);
            json.WriteNumber("generator_num_hidden_layers", generator.Layers);
            json.WriteNumber("generator_num_attention_heads", generator.Heads);
            json.WriteNumber("generator_intermediate_size", generator.IntermediateSize);
            json.WriteBoolean(TiedKey, generator.Tied);
        }

        WriteTokens(json);
        json.WriteString("torch_dtype", "float32");
    }

    private static ElectraGenerator ReadGenerator(ConfigurationReader json)
    {
        var (hidden, heads) = (json.Size(GeneratorKey), json.Size("generator_num_attention_heads"));
        if (hidden % heads != 0) throw json.Error("generator_num_attention_heads", $"{heads} heads don't divide {GeneratorKey} {hidden}");
        var (layers, intermediate, tied) = (json.Layers("generator_num_hidden_layers"), json.Size("generator_intermediate_size"), json.Flag(TiedKey, false));
        if (tied && (layers > json.Layers("num_hidden_layers") || (hidden, heads, intermediate) != (json.Size("hidden_size"), json.Size("num_attention_heads"), json.Size("intermediate_size"))))
            throw json.Error(TiedKey, "a generator that is the discriminator's lowest layers has its sizes, and not more layers");
        return new ElectraGenerator(hidden, layers, heads, intermediate, tied);
    }
}

/// <summary>What the parts are called: the discriminator's as Hugging Face has them.</summary>
internal static class ElectraNames
{
    public const string Prefix = "electra.";
    public const string DetectionDense = "discriminator_predictions.dense";
    public const string Detection = "discriminator_predictions.dense_prediction";
    public const string GeneratorPrefix = "generator.";
    public const string GeneratorDense = "generator_predictions.dense";
    public const string GeneratorNorm = "generator_predictions.LayerNorm";
    public const string GeneratorBias = "generator_lm_head.bias";
}
