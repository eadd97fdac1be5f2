using System.Text.Json;
using Coppice.Tensors;

namespace Coppice.Models;

/// <summary>T5: an encoder that reads a text and a decoder that writes another, with biases by distance in the place of positions.</summary>
public sealed record T5Configuration : ModelConfiguration
{
    /// <summary>The <c>model_type</c>.</summary>
    public const string Type = "t5";

    // A table of twice as many biases is made of it.
    private const int LargestDistance = 1 << 16;
    private const int MostBuckets = 1 << 10;

    /// <inheritdoc/>
    public override string ModelType => Type;

    /// <inheritdoc/>
    public override bool IsCausal => false;

    /// <inheritdoc/>
    public override bool IsEncoderDecoder => true;

    /// <inheritdoc/>
    public override bool HasLongestSequence => false;

    /// <inheritdoc/>
    public override int KeyValueHeads
    {
        get => Heads;
        init => throw new NotSupportedException("T5 has as many key/value heads as heads.");
    }

    /// <inheritdoc/>
    public override required int HeadSize { get; init; }

    /// <summary>Number of the decoder's blocks; those of the encoder are <see cref="ModelConfiguration.Layers"/>.</summary>
    public required int DecoderLayers { get; init; }

    /// <summary>Width inside the MLP.</summary>
    public required int IntermediateSize { get; init; }

    /// <summary>Whether the MLP is gated by GELU, as in version 1.1; where not, its activation is ReLU, as in version 1.0.</summary>
    public bool GatedGelu { get; init; }

    /// <summary>How many kinds of distances have a bias.</summary>
    public int Buckets { get; init; } = 32;

    /// <summary>From here on all distances have the same bias.</summary>
    public int MaxDistance { get; init; } = 128;

    /// <summary>The token that other tools pad with.</summary>
    public int PadToken { get; init; }

    /// <summary>What the decoder reads before its first token.</summary>
    public int DecoderStartToken { get; init; }

    /// <inheritdoc/>
    public override IReadOnlyList<ParameterPlan> Plan()
    {
        var plan = new List<ParameterPlan>();
        // The standard deviations are T5's own: without a division of the scores, queries begin that much smaller.
        Matrix("shared", VocabularySize, HiddenSize, 1);
        Stack("encoder", Layers, decodes: false);
        Stack("decoder", DecoderLayers, decodes: true);
        if (!TieEmbeddings) Matrix("lm_head", VocabularySize, HiddenSize, 1 / Math.Sqrt(HiddenSize));
        return plan;

        void Stack(string stack, int layers, bool decodes)
        {
            for (var layer = 0; layer < layers; layer++)
            {
                var (block, sublayer) = ($"{stack}.block.{layer}.layer.", 0);
                Attention($"{block}{sublayer}.SelfAttention.");
                if (layer == 0) Matrix($"{block}{sublayer}.SelfAttention.relative_attention_bias", Buckets, Heads, 1 / Math.Sqrt(HiddenSize));
                Norm($"{block}{sublayer++}.layer_norm");
                if (decodes)
                {
                    Attention($"{block}{sublayer}.EncDecAttention.");
                    Norm($"{block}{sublayer++}.layer_norm");
                }

                foreach (var name in GatedGelu ? new[] { "wi_0", "wi_1" } : ["wi"]) Matrix($"{block}{sublayer}.DenseReluDense.{name}", IntermediateSize, HiddenSize, 1 / Math.Sqrt(HiddenSize));
                Matrix($"{block}{sublayer}.DenseReluDense.wo", HiddenSize, IntermediateSize, 1 / Math.Sqrt(IntermediateSize));
                Norm($"{block}{sublayer}.layer_norm");
            }

            Norm(stack + ".final_layer_norm");
        }

        void Attention(string prefix)
        {
            var width = Heads * HeadSize;
            Matrix(prefix + "q", width, HiddenSize, 1 / Math.Sqrt((double)HiddenSize * HeadSize));
            Matrix(prefix + "k", width, HiddenSize, 1 / Math.Sqrt(HiddenSize));
            Matrix(prefix + "v", width, HiddenSize, 1 / Math.Sqrt(HiddenSize));
            Matrix(prefix + "o", HiddenSize, width, 1 / Math.Sqrt(width));
        }

        void Norm(string name) => plan.Add(new(name + ".weight", new Shape(HiddenSize), Initial.Ones));

        void Matrix(string name, int rows, int columns, double standardDeviation) =>
            plan.Add(new(name + ".weight", new Shape(rows, columns), Initial.Normal(InitializerRange * standardDeviation)));
    }

    /// <inheritdoc/>
    public override LanguageModel Create(Backend backend, bool trainable = true) => new T5Model(this, backend, trainable);

    internal override (string Embedding, string Head) Tables => ("shared.weight", TieEmbeddings ? "shared.weight" : "lm_head.weight");

    internal override LanguageModel Create(Backend backend, QuantizedParameters quantized) => new T5Model(this, backend, trainable: false, quantized);

    internal override bool IsQuantizable(ParameterPlan parameter) => base.IsQuantizable(parameter) && !parameter.Name.EndsWith("relative_attention_bias.weight", StringComparison.Ordinal);

    internal static T5Configuration Read(ConfigurationReader json)
    {
        json.MustBe("is_encoder_decoder", true, otherwise: true);
        json.MustBe("is_decoder", false, otherwise: false);
        var projection = json.Text("feed_forward_proj", "relu");
        if (projection is not ("relu" or "gated-gelu")) throw json.Error("feed_forward_proj", $"'{projection}' is not supported; supported are relu, gated-gelu");
        var gated = projection == "gated-gelu";
        // Written by newer tools beside the key above, from which they follow.
        json.MustBe("is_gated_act", gated, otherwise: gated);
        var activation = gated ? "gelu_new" : "relu";
        if (json.Text("dense_act_fn", activation) is var dense && dense != activation) throw json.Error("dense_act_fn", $"'{dense}' doesn't fit feed_forward_proj '{projection}', which has {activation}");
        var (heads, headSize) = (json.Size("num_heads"), json.Size("d_kv"));
        json.CheckHeads("d_kv", heads, headSize);
        var buckets = json.Size("relative_attention_num_buckets", 32, MostBuckets);
        if (buckets < 4 || buckets % 2 != 0) throw json.Error("relative_attention_num_buckets", $"an even number from 4 on is expected, not {buckets}");
        var distance = json.Size("relative_attention_max_distance", 128, LargestDistance);
        // The decoder's buckets are one half of them for single distances.
        if (distance <= buckets / 2) throw json.Error("relative_attention_max_distance", $"more than half of the {buckets} buckets is expected, not {distance}");
        var layers = json.Layers("num_layers");
        var pad = json.Token("pad_token_id") ?? 0;
        return new T5Configuration
        {
            VocabularySize = json.Size("vocab_size"),
            HiddenSize = json.Size("d_model"),
            Layers = layers,
            DecoderLayers = json.Has("num_decoder_layers") ? json.Layers("num_decoder_layers") : layers,
            Heads = heads,
            HeadSize = headSize,
            IntermediateSize = json.Size("d_ff"),
            GatedGelu = gated,
            Buckets = buckets,
            MaxDistance = distance,
            MaxPositions = json.Size("n_positions", 512),
            NormEpsilon = (float)json.Number("layer_norm_epsilon", 1e-6),
            InitializerRange = (float)json.Number("initializer_factor", 1),
            Dropout = (float)json.Dropout("dropout_rate"),
            TieEmbeddings = json.Flag("tie_word_embeddings", true),
            PadToken = pad,
            DecoderStartToken = json.Token("decoder_start_token_id") ?? pad,
            BeginOfText = json.Token("bos_token_id"),
            EndOfText = json.Token("eos_token_id") ?? 1,
        };
    }

    /// <summary>Copies of the embeddings, and a bias of cross-attention that old files have and nothing uses.</summary>
    internal override bool IsRedundant(string tensor) => tensor is "encoder.embed_tokens.weight" or "decoder.embed_tokens.weight" || (TieEmbeddings && tensor == "lm_head.weight")
        || tensor == "decoder.block.0.layer.1.EncDecAttention.relative_attention_bias.weight";

    internal override void Write(Utf8JsonWriter json)
    {
        json.WriteStartArray("architectures");
        json.WriteStringValue("T5ForConditionalGeneration");
        json.WriteEndArray();
        json.WriteString("model_type", Type);
        json.WriteBoolean("is_encoder_decoder", true);
        json.WriteNumber("vocab_size", VocabularySize);
        json.WriteNumber("d_model", HiddenSize);
        json.WriteNumber("d_kv", HeadSize);
        json.WriteNumber("d_ff", IntermediateSize);
        json.WriteNumber("num_layers", Layers);
        json.WriteNumber("num_decoder_layers", DecoderLayers);
        json.WriteNumber("num_heads", Heads);
        json.WriteString("feed_forward_proj", GatedGelu ? "gated-gelu" : "relu");
        json.WriteNumber("relative_attention_num_buckets", Buckets);
        json.WriteNumber("relative_attention_max_distance", MaxDistance);
        json.WriteNumber("n_positions", MaxPositions);
        json.WriteNumber("layer_norm_epsilon", NormEpsilon);
        json.WriteNumber("initializer_factor", InitializerRange);
        json.WriteNumber("dropout_rate", Dropout);
        json.WriteBoolean("tie_word_embeddings", TieEmbeddings);
        WriteTokens(json);
        json.WriteString("torch_dtype", "float32");
    }

    internal override void WriteTokens(Utf8JsonWriter json)
    {
        base.WriteTokens(json);
        json.WriteNumber("pad_token_id", PadToken);
        json.WriteNumber("decoder_start_token_id", DecoderStartToken);
    }
}
