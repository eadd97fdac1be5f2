using Coppice.Foundation;
using Coppice.Models;
using Coppice.Tensors;
using Coppice.Tokenizers;
using Coppice.Training.Recipes;

namespace Coppice.Training.Data;

/// <summary>The model that a recipe describes. A new architecture is a method and a line here.</summary>
public static class ModelFactory
{
    private static readonly Dictionary<string, Func<ModelSection, Vocabulary, ModelConfiguration>> ByName = new(StringComparer.Ordinal)
    {
        ["gpt2"] = Gpt2,
        ["llama"] = Llama,
        ["bert"] = Bert,
        ["roberta"] = Bert,
        ["electra"] = Electra,
        ["t5"] = T5,
    };

    /// <summary>The configuration of a new model.</summary>
    /// <param name="section">The recipe's section, resolved.</param>
    /// <param name="tokenizer">Gives the vocabulary and the tokens around documents.</param>
    public static ModelConfiguration Configure(ModelSection section, ITokenizer tokenizer) =>
        Configure(section, new Vocabulary(tokenizer.VocabularySize, tokenizer.BeginOfText, tokenizer.EndOfText, EncoderTokens.PadOf(tokenizer)));

    /// <summary>The configuration of a new model whose tokenizer is not there yet.</summary>
    /// <param name="section">The recipe's section, resolved.</param>
    /// <param name="vocabularySize">Rows of the token embedding.</param>
    public static ModelConfiguration Configure(ModelSection section, int vocabularySize) => Configure(section, new Vocabulary(vocabularySize, null, null, null));

    private static ModelConfiguration Configure(ModelSection section, Vocabulary vocabulary) => ByName.TryGetValue(section.Architecture, out var configure)
        ? configure(section, vocabulary) with
        {
            NormEpsilon = (float)section.NormEpsilon,
            InitializerRange = (float)section.InitializerStd,
            Dropout = (float)section.Dropout,
            BeginOfText = vocabulary.BeginOfText,
            EndOfText = vocabulary.EndOfText,
        }
        : throw CoppiceException.Usage($"unknown architecture '{section.Architecture}'{NearestName.Hint(section.Architecture, ByName.Keys)} (known: {string.Join(", ", ByName.Keys)})");

    private static Gpt2Configuration Gpt2(ModelSection section, Vocabulary vocabulary) => new()
    {
        VocabularySize = vocabulary.Size,
        HiddenSize = section.HiddenSize,
        Layers = section.Layers,
        Heads = section.Heads,
        MaxPositions = section.MaxPositions,
        IntermediateSize = section.IntermediateSize,
        Activation = Activation(section),
        Bias = section.Bias,
        TieEmbeddings = section.TieEmbeddings,
    };

    private static LlamaConfiguration Llama(ModelSection section, Vocabulary vocabulary) => new()
    {
        // The member of the family whose options the recipe uses: any tool that opens that member opens the model.
        Family = section.QkNorm ? "qwen3" : section.SlidingWindow > 0 ? "mistral" : "llama",
        VocabularySize = vocabulary.Size,
        HiddenSize = section.HiddenSize,
        Layers = section.Layers,
        Heads = section.Heads,
        KeyValueHeads = section.KvHeads,
        HeadSize = section.HeadDim,
        IntermediateSize = section.IntermediateSize,
        MaxPositions = section.MaxPositions,
        RopeTheta = section.RopeTheta,
        SlidingWindow = section.SlidingWindow,
        QueryKeyNorm = section.QkNorm,
        TieEmbeddings = section.TieEmbeddings,
    };

    private static BertConfiguration Bert(ModelSection section, Vocabulary vocabulary) => new()
    {
        Family = section.Architecture,
        VocabularySize = vocabulary.Size,
        HiddenSize = section.HiddenSize,
        Layers = section.Layers,
        Heads = section.Heads,
        MaxPositions = section.MaxPositions,
        IntermediateSize = section.IntermediateSize,
        Activation = Activation(section),
        TieEmbeddings = section.TieEmbeddings,
        PadToken = vocabulary.Pad ?? (section.Architecture == "roberta" ? EncoderTokens.RobertaPad : 0),
    };

    private static ElectraConfiguration Electra(ModelSection section, Vocabulary vocabulary)
    {
        // The generator is narrower by whole heads, so that its heads are as wide.
        var heads = Math.Max(1, (int)Math.Round(section.Heads * section.GeneratorShare));
        var width = heads * (section.HiddenSize / section.Heads);
        return new ElectraConfiguration
        {
            VocabularySize = vocabulary.Size,
            EmbeddingSize = section.EmbeddingSize > 0 ? section.EmbeddingSize : section.HiddenSize,
            HiddenSize = section.HiddenSize,
            Layers = section.Layers,
            Heads = section.Heads,
            MaxPositions = section.MaxPositions,
            IntermediateSize = section.IntermediateSize,
            Activation = Activation(section),
            PadToken = vocabulary.Pad ?? 0,
            Generator = section.GeneratorShare > 0
                ? new ElectraGenerator(width, section.GeneratorLayers, heads, Math.Max(1, section.IntermediateSize * width / section.HiddenSize), section.TieGenerator)
                : null,
        };
    }

    private static T5Configuration T5(ModelSection section, Vocabulary vocabulary) => new()
    {
        VocabularySize = vocabulary.Size,
        HiddenSize = section.HiddenSize,
        Layers = section.Layers,
        DecoderLayers = section.Layers,
        Heads = section.Heads,
        HeadSize = section.HeadDim,
        MaxPositions = section.MaxPositions,
        IntermediateSize = section.IntermediateSize,
        GatedGelu = section.Activation == "gated_gelu",
        TieEmbeddings = section.TieEmbeddings,
        PadToken = vocabulary.Pad ?? 0,
        DecoderStartToken = vocabulary.Pad ?? 0,
    };

    private static PointwiseFunction Activation(ModelSection section) => section.Activation switch
    {
        "gelu" => PointwiseFunction.GeluErf,
        "relu" => PointwiseFunction.Relu,
        "silu" => PointwiseFunction.Silu,
        _ => PointwiseFunction.GeluTanh,
    };

    private sealed record Vocabulary(int Size, int? BeginOfText, int? EndOfText, int? Pad);
}
