using System.ComponentModel.DataAnnotations;

namespace Coppice.Training.Recipes;

/// <summary>The model's architecture and size.</summary>
public sealed record ModelSection
{
    /// <summary>
    /// The architecture: <c>gpt2</c> (learned positions, layer norm), <c>llama</c> (rotary positions, RMS norm, gated MLP), one of the encoders
    /// <c>bert</c>, <c>roberta</c> and <c>electra</c>, which see a text in both directions and don't write, or <c>t5</c>, which reads one text and writes another.
    /// </summary>
    [AllowedValues("gpt2", "llama", "bert", "roberta", "electra", "t5")]
    public string Architecture { get; init; } = "llama";

    /// <summary>Transformer blocks; of t5, those of the encoder, and as many of the decoder.</summary>
    [Range(1, 10_000)]
    public int Layers { get; init; } = 6;

    /// <summary>Attention heads of a block.</summary>
    [Range(1, 10_000)]
    public int Heads { get; init; } = 6;

    /// <summary>Heads that keys and values are made for, each shared by heads / kv_heads query heads; 0 means one for every head. llama only.</summary>
    [Range(0, 10_000)]
    public int KvHeads { get; init; }

    /// <summary>The width of the residual stream.</summary>
    [Range(1, 1_000_000)]
    public int HiddenSize { get; init; } = 384;

    /// <summary>The width inside the MLP; 0 means 4 times hidden_size, and where it is gated (llama, t5 with gated_gelu) 8/3 of it rounded up to a multiple of 32.</summary>
    [Range(0, 10_000_000)]
    public int IntermediateSize { get; init; }

    /// <summary>The longest sequence in tokens; 0 means training.sequence_length.</summary>
    [Range(0, 10_000_000)]
    public int MaxPositions { get; init; }

    /// <summary>Whether linear layers and norms have biases. A choice for gpt2 only: llama and t5 have none, encoders have them all.</summary>
    public bool Bias { get; init; } = true;

    /// <summary>The share of activations dropped in training.</summary>
    [Range(0.0, 1.0, MaximumIsExclusive = true)]
    public double Dropout { get; init; }

    /// <summary>Whether the language-model head is the token embedding, transposed.</summary>
    public bool TieEmbeddings { get; init; } = true;

    /// <summary>What a norm adds to the variance.</summary>
    [Range(0.0, 1.0, MinimumIsExclusive = true)]
    public double NormEpsilon { get; init; } = 1e-5;

    /// <summary>The base of the rotary positions' wavelengths. llama only.</summary>
    [Range(1.0, 1e12)]
    public double RopeTheta { get; init; } = 10_000;

    /// <summary>
    /// The MLP's activation: gelu_tanh (gpt2's own), gelu (the encoders'), relu, silu (llama's own) or gated_gelu (t5's own); empty means the architecture's own.
    /// llama takes silu only, t5 gated_gelu or relu.
    /// </summary>
    [AllowedValues("", "gelu_tanh", "gelu", "relu", "silu", "gated_gelu")]
    public string Activation { get; init; } = "";

    /// <summary>The width of a head; 0 means hidden_size / heads. llama and t5 only.</summary>
    [Range(0, 100_000)]
    public int HeadDim { get; init; }

    /// <summary>The width of the embeddings; 0 means hidden_size. electra only.</summary>
    [Range(0, 1_000_000)]
    public int EmbeddingSize { get; init; }

    /// <summary>The width of the generator as a share of the discriminator's; 0 means no generator, as for the objective rts. electra only.</summary>
    [Range(0.0, 1.0)]
    public double GeneratorShare { get; init; } = 0.25;

    /// <summary>Layers of the generator; 0 means as many as the discriminator has. electra only.</summary>
    [Range(0, 10_000)]
    public int GeneratorLayers { get; init; }

    /// <summary>
    /// Whether the generator's layers are the lowest of the discriminator, which learn from both then. Needs a generator_share of 1. electra only.
    /// </summary>
    public bool TieGenerator { get; init; }

    /// <summary>
    /// The standard deviation of initial weights; 0 means GPT-2's 0.02 brought from its width of 768 to this one: 0.02 * sqrt(768 / hidden_size).
    /// Narrow models that start from 0.02 are slow to learn. For t5 it is a factor of T5's own standard deviations, and 0 means 1.
    /// </summary>
    [Range(0.0, 10.0)]
    public double InitializerStd { get; init; }

    /// <summary>Whether queries and keys are normalised per head before the rotary positions. llama only.</summary>
    public bool QkNorm { get; init; }

    /// <summary>How many tokens back attention sees; 0 means all. llama only.</summary>
    [Range(0, 10_000_000)]
    public int SlidingWindow { get; init; }

    /// <summary>The section with every 0 that means "the usual" replaced by its value.</summary>
    /// <param name="sequenceLength">Tokens of a training sequence.</param>
    /// <param name="objective">The objective's name.</param>
    internal ModelSection Resolve(int sequenceLength, string objective)
    {
        var (llama, t5) = (Architecture == "llama", Architecture == "t5");
        var activation = Activation.Length > 0 ? Activation : Architecture switch { "llama" => "silu", "gpt2" => "gelu_tanh", "t5" => "gated_gelu", _ => "gelu" };
        return this with
        {
            KvHeads = KvHeads == 0 ? Heads : KvHeads,
            IntermediateSize = IntermediateSize != 0 ? IntermediateSize : llama || activation == "gated_gelu" ? 32 * Ceiling(8L * HiddenSize, 3 * 32) : 4 * HiddenSize,
            GeneratorShare = objective == "rts" ? 0 : GeneratorShare,
            GeneratorLayers = Architecture != "electra" || objective == "rts" ? 0 : GeneratorLayers == 0 ? Layers : GeneratorLayers,
            MaxPositions = MaxPositions == 0 ? sequenceLength : MaxPositions,
            Bias = Bias && !llama && !t5,
            Activation = activation,
            HeadDim = HeadDim == 0 ? HiddenSize / Heads : HeadDim,
            InitializerStd = InitializerStd != 0 ? InitializerStd : t5 ? 1 : Math.Round(0.02 * Math.Sqrt(768.0 / HiddenSize), 4),
        };

        static int Ceiling(long value, long unit) => (int)((value + unit - 1) / unit);
    }
}
