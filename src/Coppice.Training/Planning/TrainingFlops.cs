using Coppice.Foundation;
using Coppice.Models;

namespace Coppice.Training.Planning;

/// <summary>How much arithmetic a model needs to train on a token.</summary>
[Technique("flops-per-token", Title = "Scaling Laws for Neural Language Models", Paper = "arXiv:2001.08361")]
public static class TrainingFlops
{
    /// <summary>
    /// 6 for each parameter in a matrix that multiplies (2 forward, 4 backward), the head included whether tied or not, and for attention
    /// 6 · layers · width of all heads · sequence: half of the full square's 12, since no token sees later ones. Recomputation does not count.
    /// </summary>
    /// <param name="model">The model.</param>
    /// <param name="sequenceLength">Tokens of a sequence.</param>
    public static double PerToken(LanguageModel model, int sequenceLength)
    {
        var c = model.Configuration;
        var matrices = model.Parameters.Parameters.Where(p => p.Shape.Rank == 2 && !p.Name.EndsWith("wpe.weight", StringComparison.Ordinal)).Sum(p => p.Count);
        // An embedding of its own is looked up, not multiplied with.
        if (!c.TieEmbeddings) matrices -= model.Head.Count;
        return 6.0 * matrices + 6.0 * c.Layers * c.Heads * c.HeadSize * sequenceLength;
    }
}
