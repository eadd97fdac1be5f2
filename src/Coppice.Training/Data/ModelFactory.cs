using Coppice.Foundation;
using Coppice.Models;
using Coppice.Tensors;
using Coppice.Tokenizers;
using Coppice.Training.Recipes;

namespace Coppice.Training.Data;

/// <summary>The model that a recipe describes.</summary>
public static class ModelFactory
{
    /// <summary>The configuration of a new model.</summary>
    /// <param name="section">The recipe's section, resolved.</param>
    /// <param name="tokenizer">Gives the vocabulary and the tokens around documents.</param>
    public static ModelConfiguration Configure(ModelSection section, ITokenizer tokenizer) =>
        Configure(section, tokenizer.VocabularySize, tokenizer.BeginOfText, tokenizer.EndOfText);

    /// <summary>The configuration of a new model whose tokenizer is not there yet.</summary>
    /// <param name="section">The recipe's section, resolved.</param>
    /// <param name="vocabularySize">Rows of the token embedding.</param>
    /// <param name="beginOfText">The token that begins a document, or null.</param>
    /// <param name="endOfText">The token that ends a document, or null.</param>
    public static ModelConfiguration Configure(ModelSection section, int vocabularySize, int? beginOfText = null, int? endOfText = null) => section.Architecture switch
    {
        "gpt2" => new Gpt2Configuration
        {
            VocabularySize = vocabularySize,
            HiddenSize = section.HiddenSize,
            Layers = section.Layers,
            Heads = section.Heads,
            MaxPositions = section.MaxPositions,
            IntermediateSize = section.IntermediateSize,
            Activation = section.Activation switch
            {
                "gelu" => PointwiseFunction.GeluErf,
                "relu" => PointwiseFunction.Relu,
                "silu" => PointwiseFunction.Silu,
                _ => PointwiseFunction.GeluTanh,
            },
            Bias = section.Bias,
            NormEpsilon = (float)section.NormEpsilon,
            InitializerRange = (float)section.InitializerStd,
            Dropout = (float)section.Dropout,
            TieEmbeddings = section.TieEmbeddings,
            BeginOfText = beginOfText,
            EndOfText = endOfText,
        },
        "llama" => new LlamaConfiguration
        {
            // The member of the family whose options the recipe uses: any tool that opens that member opens the model.
            Family = section.QkNorm ? "qwen3" : section.SlidingWindow > 0 ? "mistral" : "llama",
            VocabularySize = vocabularySize,
            HiddenSize = section.HiddenSize,
            Layers = section.Layers,
            Heads = section.Heads,
            KeyValueHeads = section.KvHeads,
            HeadSize = section.HeadDim,
            IntermediateSize = section.IntermediateSize,
            MaxPositions = section.MaxPositions,
            NormEpsilon = (float)section.NormEpsilon,
            RopeTheta = section.RopeTheta,
            SlidingWindow = section.SlidingWindow,
            QueryKeyNorm = section.QkNorm,
            InitializerRange = (float)section.InitializerStd,
            Dropout = (float)section.Dropout,
            TieEmbeddings = section.TieEmbeddings,
            BeginOfText = beginOfText,
            EndOfText = endOfText,
        },
        var other => throw CoppiceException.Usage($"unknown architecture '{other}'{NearestName.Hint(other, ["gpt2", "llama"])} (known: gpt2, llama)"),
    };
}
