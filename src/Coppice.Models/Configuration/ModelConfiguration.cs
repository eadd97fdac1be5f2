using Coppice.Foundation;

namespace Coppice.Models;

/// <summary>What all architectures have in common: the numbers that a <c>config.json</c> gives.</summary>
public abstract record ModelConfiguration
{
    /// <summary>Hugging Face's <c>model_type</c>.</summary>
    public abstract string ModelType { get; }

    /// <summary>Whether a token sees only itself and what comes before it, so that the next one can be predicted; encoders see the whole document.</summary>
    public virtual bool IsCausal => true;

    /// <summary>Whether an encoder reads a text and a decoder writes another one for it.</summary>
    public virtual bool IsEncoderDecoder => false;

    /// <summary>Whether <see cref="MaxPositions"/> can't be exceeded; where it can, it is the length that the model was made for.</summary>
    public virtual bool HasLongestSequence => true;

    /// <summary>How many kinds of tokens (segments of a document) have an embedding of their own; 0 where the architecture knows none.</summary>
    public virtual int TokenTypes => 0;

    /// <summary>The row of the position embeddings that a document begins with.</summary>
    public virtual int FirstPosition => 0;

    /// <summary>
    /// Documents of up to so many tokens have one kind of positions, longer ones another for all of their tokens (<see cref="LongRopeScaling"/>);
    /// <see cref="int.MaxValue"/> where there is one kind.
    /// </summary>
    public virtual int ShortPositions => int.MaxValue;

    /// <summary>Rows of the token embedding.</summary>
    public required int VocabularySize { get; init; }

    /// <summary>Width of the residual stream.</summary>
    public required int HiddenSize { get; init; }

    /// <summary>Number of blocks.</summary>
    public required int Layers { get; init; }

    /// <summary>Query heads.</summary>
    public required int Heads { get; init; }

    /// <summary>The longest sequence.</summary>
    public required int MaxPositions { get; init; }

    /// <summary>Key/value heads.</summary>
    public abstract int KeyValueHeads { get; init; }

    /// <summary>Size of one head.</summary>
    public abstract int HeadSize { get; init; }

    /// <summary>Whether the head shares the token embedding's matrix.</summary>
    public bool TieEmbeddings { get; init; } = true;

    /// <summary>Added to the variance in norms.</summary>
    public float NormEpsilon { get; init; } = 1e-5f;

    /// <summary>Standard deviation of the normal initialisation.</summary>
    public float InitializerRange { get; init; } = 0.02f;

    /// <summary>Dropout of embeddings and residual branches while training; attention weights are not dropped.</summary>
    public float Dropout { get; init; }

    /// <summary>The token that begins a document, or null.</summary>
    public int? BeginOfText { get; init; }

    /// <summary>The token that ends a document, or null.</summary>
    public int? EndOfText { get; init; }

    /// <summary>The row of the positions that a document of a length begins with: those of longer documents are behind those of short ones.</summary>
    /// <param name="length">Its tokens.</param>
    internal int FirstPositionOf(int length) => length > ShortPositions ? FirstPosition + ShortPositions : FirstPosition;

    /// <summary>The same configuration with another number of token embeddings.</summary>
    /// <param name="size">Rows of the token embedding, and of the head.</param>
    public ModelConfiguration WithVocabulary(int size)
    {
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(size);
        return this with { VocabularySize = size };
    }

    /// <summary>The parameters of a model of this configuration: names as Hugging Face has them, shapes, initial values.</summary>
    public abstract IReadOnlyList<ParameterPlan> Plan();

    /// <summary>Makes the model, its parameters all zero.</summary>
    /// <param name="backend">Computes.</param>
    /// <param name="trainable">Whether gradients are wanted.</param>
    public abstract LanguageModel Create(Tensors.Backend backend, bool trainable = true);

    /// <summary>The same configuration with the parts that a file of weights has, where <c>config.json</c> leaves that open.</summary>
    /// <param name="contains">Whether the file has a tensor.</param>
    internal virtual ModelConfiguration Fit(Func<string, bool> contains) => this;

    /// <summary>Whether a tensor in a file says nothing that the parameters don't: a buffer, or a copy of a tied matrix.</summary>
    /// <param name="tensor">Its name.</param>
    internal virtual bool IsRedundant(string tensor) =>
        tensor == "lm_head.weight" || tensor.EndsWith(".attn.masked_bias", StringComparison.Ordinal)
        || tensor.EndsWith(".attn.bias", StringComparison.Ordinal) || tensor.EndsWith("rotary_emb.inv_freq", StringComparison.Ordinal);

    /// <summary>The names of the token embeddings' matrix and of the head's.</summary>
    internal abstract (string Embedding, string Head) Tables { get; }

    /// <summary>Makes the model with quantised matrices, which it disposes of; the other parameters are zero.</summary>
    /// <param name="backend">Computes.</param>
    /// <param name="quantized">The matrices.</param>
    internal abstract LanguageModel Create(Tensors.Backend backend, QuantizedParameters quantized);

    /// <summary>Whether a parameter is a matrix of weights, or one of token embeddings.</summary>
    /// <param name="parameter">The parameter.</param>
    internal virtual bool IsQuantizable(ParameterPlan parameter) => parameter.Shape.Rank == 2;

    /// <summary>How a matrix lies in memory.</summary>
    /// <param name="parameter">Its name.</param>
    internal virtual Tensors.WeightLayout LayoutOf(string parameter) => Tensors.WeightLayout.OutputsByInputs;

    internal abstract void Write(System.Text.Json.Utf8JsonWriter json);

    internal virtual void WriteTokens(System.Text.Json.Utf8JsonWriter json)
    {
        if (BeginOfText is { } begin) json.WriteNumber("bos_token_id", begin);
        if (EndOfText is { } end) json.WriteNumber("eos_token_id", end);
    }
}
