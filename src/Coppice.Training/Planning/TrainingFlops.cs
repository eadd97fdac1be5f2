using Coppice.Foundation;
using Coppice.Models;

namespace Coppice.Training.Planning;

/// <summary>How much arithmetic a model needs to train on a token.</summary>
[Technique("flops-per-token", Title = "Scaling Laws for Neural Language Models", Paper = "arXiv:2001.08361")]
public static class TrainingFlops
{
    private static readonly string[] LookedUp =
        ["wpe.weight", "position_embeddings.weight", "embed_positions.weight", "token_type_embeddings.weight", "relative_attention_bias.weight"];

    /// <summary>
    /// 6 for each parameter in a matrix that multiplies (2 forward, 4 backward), the head included whether tied or not, and for attention
    /// 12 · layers · width of all heads · sequence, or half of that where no token sees later ones; of ELECTRA also its generator's. Of an encoder-decoder the
    /// decoder's matrices count at the tokens that are predicted alone, and the attention of the encoder. Recomputation does not count.
    /// </summary>
    /// <param name="model">The model.</param>
    /// <param name="sequenceLength">Tokens of a sequence.</param>
    /// <param name="predicted">The share of the tokens at which something is predicted: for others, encoders leave the head out.</param>
    public static double PerToken(LanguageModel model, int sequenceLength, double predicted = 1)
    {
        var c = model.Configuration;
        var matrices = Multiplied(model, "");
        // An embedding of its own is looked up, not multiplied with.
        if (!c.TieEmbeddings) matrices -= model.Embedding.Count;
        matrices -= (1 - predicted) * model.Head.Count;
        if (c.IsEncoderDecoder) matrices -= (1 - predicted) * Multiplied(model, "decoder.");
        var attention = (double)c.Layers * c.Heads * c.HeadSize;
        if (c is ElectraConfiguration { Generator: { } generator })
        {
            attention += (double)generator.Layers * generator.HiddenSize;
            // The layers that are both's multiply twice.
            if (generator.Tied) matrices += Enumerable.Range(0, generator.Layers).Sum(layer => Multiplied(model, $"electra.encoder.layer.{layer}."));
        }

        return 6.0 * matrices + (c.IsCausal ? 6.0 : 12.0) * attention * sequenceLength;
    }

    /// <summary>The values of the matrices that multiply, of those whose names begin so.</summary>
    private static double Multiplied(LanguageModel model, string prefix) => model.Parameters.Parameters
        .Where(p => p.Shape.Rank == 2 && p.Name.StartsWith(prefix, StringComparison.Ordinal) && !LookedUp.Any(name => p.Name.EndsWith(name, StringComparison.Ordinal)))
        .Sum(p => (double)p.Count);
}
