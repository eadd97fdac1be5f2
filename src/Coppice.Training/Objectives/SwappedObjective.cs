using Coppice.Corpus;
using Coppice.Foundation;

namespace Coppice.Training.Objectives;

/// <summary>
/// Swapped language modelling: some tokens are replaced by others at random, and the model has to tell what stood there. It is told where to look, as with
/// the mask token, but never sees a token that no text has.
/// </summary>
[Technique("slm", Title = "Structural Self-Supervised Objectives for Transformers", Paper = "arXiv:2309.08272")]
public static class SwappedObjective
{
    /// <summary>An objective.</summary>
    /// <param name="vocabulary">The vocabulary.</param>
    /// <param name="rate">The share of the tokens that are replaced.</param>
    public static MaskedObjective Create(MaskVocabulary vocabulary, double rate) =>
        new(new TokenMasking(vocabulary, new MaskingOptions { Rate = rate, MaskShare = 0, RandomShare = 1 }));
}
