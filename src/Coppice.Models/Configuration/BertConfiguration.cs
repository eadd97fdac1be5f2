using System.Text.Json;
using Coppice.Tensors;

namespace Coppice.Models;

/// <summary>BERT and RoBERTa: learned positions, norms behind each branch, and the heads that the directory has.</summary>
public sealed record BertConfiguration : EncoderConfiguration
{
    /// <summary>The <c>model_type</c>s of the family.</summary>
    public static IReadOnlyList<string> Types { get; } = ["bert", "roberta"];

    /// <summary>Which of the two: they differ in names and in what the first position is.</summary>
    public required string Family { get; init; }

    /// <inheritdoc/>
    public override string ModelType => Family;

    /// <inheritdoc/>
    public override int TokenTypes => TypeVocabularySize;

    /// <inheritdoc/>
    public override int FirstPosition => Family == "roberta" ? PadToken + 1 : 0;

    /// <summary>Segments that have an embedding.</summary>
    public int TypeVocabularySize { get; init; } = 1;

    /// <summary>Whether there is a head that predicts tokens.</summary>
    public bool MaskedHead { get; init; } = true;

    /// <summary>Whether there is a pooler.</summary>
    public bool Pooler { get; init; }

    /// <summary>Whether there is a head that tells whether a segment follows another.</summary>
    public bool NextSentenceHead { get; init; }

    internal EncoderSizes Sizes => new(HiddenSize, HiddenSize, Layers, Heads, IntermediateSize, Activation, NormEpsilon, Dropout);

    internal BertNames Names => BertNames.Of(Family);

    /// <inheritdoc/>
    public override IReadOnlyList<ParameterPlan> Plan()
    {
        var parameters = new List<ParameterPlan>();
        var (plan, names) = (new EncoderPlan(parameters, InitializerRange), Names);
        plan.Embeddings(names.Prefix, VocabularySize, MaxPositions + FirstPosition, TypeVocabularySize, HiddenSize);
        plan.Blocks(names.Prefix, Sizes);
        if (Pooler) plan.Linear(names.Pooler, HiddenSize, HiddenSize);
        if (MaskedHead)
        {
            plan.Linear(names.TransformDense, HiddenSize, HiddenSize);
            plan.Norm(names.TransformNorm, HiddenSize);
            plan.Zeros(names.HeadBias, VocabularySize);
            if (!TieEmbeddings) plan.Matrix(names.Decoder, VocabularySize, HiddenSize);
        }

        if (NextSentenceHead) plan.Linear(BertNames.NextSentence, HiddenSize, 2);
        return parameters;
    }

    /// <inheritdoc/>
    public override LanguageModel Create(Backend backend, bool trainable = true) => new BertModel(this, backend, trainable);

    internal override (string Embedding, string Head) Tables => (Names.EmbeddingTable, MaskedHead && !TieEmbeddings ? Names.HeadTable : Names.EmbeddingTable);

    internal override LanguageModel Create(Backend backend, QuantizedParameters quantized) => new BertModel(this, backend, trainable: false, quantized);

    internal static BertConfiguration Read(ConfigurationReader json, string family)
    {
        json.RequireEncoder();
        var hidden = json.Size("hidden_size");
        var heads = json.Size("num_attention_heads");
        if (hidden % heads != 0) throw json.Error("num_attention_heads", $"{heads} heads don't divide hidden_size {hidden}");
        var pad = json.Token("pad_token_id") ?? (family == "roberta" ? 1 : 0);
        var first = family == "roberta" ? pad + 1 : 0;
        var positions = json.Size("max_position_embeddings", 512 + first);
        if (positions <= first) throw json.Error("max_position_embeddings", $"{positions} leave no position: the first is {first}");
        var architecture = json.First("architectures");
        return new BertConfiguration
        {
            Family = family,
            VocabularySize = json.Size("vocab_size"),
            HiddenSize = hidden,
            Layers = json.Layers("num_hidden_layers"),
            Heads = heads,
            IntermediateSize = json.Size("intermediate_size"),
            Activation = Activations.Read(json, "hidden_act", "gelu"),
            MaxPositions = positions - first,
            TypeVocabularySize = json.Size("type_vocab_size", family == "roberta" ? 1 : 2),
            PadToken = pad,
            NormEpsilon = (float)json.Number("layer_norm_eps", family == "roberta" ? 1e-5 : 1e-12),
            InitializerRange = (float)json.Number("initializer_range", 0.02),
            Dropout = (float)json.Dropout("hidden_dropout_prob"),
            TieEmbeddings = json.Flag("tie_word_embeddings", true),
            BeginOfText = json.Token("bos_token_id"),
            EndOfText = json.Token("eos_token_id"),
            MaskedHead = architecture is null || !architecture.EndsWith("Model", StringComparison.Ordinal),
            NextSentenceHead = architecture == "BertForPreTraining",
            Pooler = architecture == "BertForPreTraining",
        };
    }

    /// <summary>The same, with the pooler and heads that a file of weights has: their <c>config.json</c> doesn't tell.</summary>
    internal override ModelConfiguration Fit(Func<string, bool> contains) => this with
    {
        Pooler = contains(Names.Pooler + ".weight"),
        NextSentenceHead = Family == "bert" && contains(BertNames.NextSentence + ".weight"),
    };

    internal override bool IsRedundant(string tensor) =>
        tensor.EndsWith("embeddings.position_ids", StringComparison.Ordinal) || tensor == Names.Decoder + ".bias" || (TieEmbeddings && tensor == Names.Decoder + ".weight");

    internal override void Write(Utf8JsonWriter json)
    {
        var family = Family == "bert" ? "Bert" : "Roberta";
        json.WriteStartArray("architectures");
        json.WriteStringValue(family + (NextSentenceHead ? "ForPreTraining" : MaskedHead ? "ForMaskedLM" : "Model"));
        json.WriteEndArray();
        json.WriteString("model_type", Family);
        json.WriteNumber("vocab_size", VocabularySize);
        json.WriteNumber("hidden_size", HiddenSize);
        json.WriteNumber("num_hidden_layers", Layers);
        json.WriteNumber("num_attention_heads", Heads);
        json.WriteNumber("intermediate_size", IntermediateSize);
        json.WriteString("hidden_act", Activations.NameOf(Activation));
        json.WriteNumber("max_position_embeddings", MaxPositions + FirstPosition);
        json.WriteNumber("type_vocab_size", TypeVocabularySize);
        json.WriteNumber("pad_token_id", PadToken);
        json.WriteNumber("layer_norm_eps", NormEpsilon);
        json.WriteNumber("initializer_range", InitializerRange);
        json.WriteNumber("hidden_dropout_prob", Dropout);
        json.WriteNumber("attention_probs_dropout_prob", 0);
        json.WriteString("position_embedding_type", "absolute");
        json.WriteBoolean("tie_word_embeddings", TieEmbeddings);
        WriteTokens(json);
        json.WriteString("torch_dtype", "float32");
    }
}

/// <summary>What Hugging Face calls the parts of one of the two.</summary>
/// <param name="Prefix">In front of everything but the heads.</param>
/// <param name="TransformDense">The linear layer in front of the head.</param>
/// <param name="TransformNorm">The norm behind it.</param>
/// <param name="HeadBias">The head's bias.</param>
/// <param name="Decoder">The head where it is not the embedding.</param>
internal sealed record BertNames(string Prefix, string TransformDense, string TransformNorm, string HeadBias, string Decoder)
{
    /// <summary>The head that tells whether a segment follows another; BERT alone.</summary>
    public const string NextSentence = "cls.seq_relationship";

    private static readonly BertNames Bert = new("bert.", "cls.predictions.transform.dense", "cls.predictions.transform.LayerNorm", "cls.predictions.bias", "cls.predictions.decoder");
    private static readonly BertNames Roberta = new("roberta.", "lm_head.dense", "lm_head.layer_norm", "lm_head.bias", "lm_head.decoder");

    /// <summary>The token embeddings' matrix.</summary>
    public string EmbeddingTable { get; } = $"{Prefix}{EncoderPlan.Words}.weight";

    /// <summary>The head's matrix where it is not the embedding's.</summary>
    public string HeadTable { get; } = Decoder + ".weight";

    /// <summary>The pooler.</summary>
    public string Pooler => Prefix + "pooler.dense";

    /// <summary>The names of a family.</summary>
    public static BertNames Of(string family) => family == "bert" ? Bert : Roberta;
}
