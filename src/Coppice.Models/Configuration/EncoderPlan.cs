using Coppice.Tensors;

namespace Coppice.Models;

/// <summary>The sizes of an encoder of BERT's kind.</summary>
/// <param name="EmbeddingSize">Width of the embeddings; projected where it is not the blocks' own.</param>
/// <param name="HiddenSize">Width of the residual stream.</param>
/// <param name="Layers">Blocks.</param>
/// <param name="Heads">Attention heads.</param>
/// <param name="IntermediateSize">Width inside the MLP.</param>
/// <param name="Activation">The MLP's activation.</param>
/// <param name="NormEpsilon">Added to the variance in norms.</param>
/// <param name="Dropout">Dropout of embeddings and branches.</param>
internal sealed record EncoderSizes(
    int EmbeddingSize, int HiddenSize, int Layers, int Heads, int IntermediateSize, PointwiseFunction Activation, float NormEpsilon, float Dropout);

/// <summary>The parameters that encoders of BERT's kind have in common.</summary>
/// <param name="plan">Takes the parameters.</param>
/// <param name="standardDeviation">Of the matrices' initial values.</param>
internal sealed class EncoderPlan(List<ParameterPlan> plan, double standardDeviation) : LayerPlan(plan, standardDeviation)
{
    /// <summary>In the names of the blocks' parameters, before the number of the block.</summary>
    public const string Layer = "encoder.layer.";

    /// <summary>The token embeddings, behind the prefix.</summary>
    public const string Words = "embeddings.word_embeddings";

    /// <summary>Token, position and type embeddings with their norm, under <c>embeddings.</c> behind the prefix.</summary>
    public void Embeddings(string prefix, int vocabulary, int positions, int types, int width)
    {
        Matrix(prefix + Words, vocabulary, width);
        Matrix(prefix + "embeddings.position_embeddings", positions, width);
        Matrix(prefix + "embeddings.token_type_embeddings", types, width);
        Norm(prefix + "embeddings.LayerNorm", width);
    }

    /// <summary>The blocks, and the projection in front of them where the embeddings have another width.</summary>
    public void Blocks(string prefix, EncoderSizes sizes)
    {
        var (hidden, intermediate) = (sizes.HiddenSize, sizes.IntermediateSize);
        if (sizes.EmbeddingSize != hidden) Linear(prefix + "embeddings_project", sizes.EmbeddingSize, hidden);
        for (var layer = 0; layer < sizes.Layers; layer++)
        {
            var block = $"{prefix}{Layer}{layer}.";
            Linear(block + "attention.self.query", hidden, hidden);
            Linear(block + "attention.self.key", hidden, hidden);
            Linear(block + "attention.self.value", hidden, hidden);
            Linear(block + "attention.output.dense", hidden, hidden);
            Norm(block + "attention.output.LayerNorm", hidden);
            Linear(block + "intermediate.dense", hidden, intermediate);
            Linear(block + "output.dense", intermediate, hidden);
            Norm(block + "output.LayerNorm", hidden);
        }
    }
}
