using System.ComponentModel.DataAnnotations;
using Coppice.Corpus;
using Coppice.Training.Objectives;

namespace Coppice.Training.Recipes;

/// <summary>What the model learns to do.</summary>
public sealed record ObjectiveSection
{
    /// <summary>
    /// <c>causal</c> (the next token), <c>mlm</c> (tokens that were hidden), <c>slm</c> (tokens that were replaced at random), <c>electra</c> (which tokens a
    /// generator replaced), <c>rts</c> (which were replaced at random, without a generator) or <c>span_corruption</c> (spans that were taken out); empty means the
    /// architecture's own.
    /// </summary>
    [AllowedValues("", "causal", "mlm", "slm", "electra", "rts", "span_corruption")]
    public string Name { get; init; } = "";

    /// <summary>The share of tokens that are hidden, replaced or taken out. Not for causal.</summary>
    [Range(0.0, 1.0, MinimumIsExclusive = true, MaximumIsExclusive = true)]
    public double Rate { get; init; } = 0.15;

    /// <summary>What is hidden together: tokens, words or spans (runs of words, as SpanBERT draws them). mlm only.</summary>
    public MaskUnit Unit { get; init; } = MaskUnit.Tokens;

    /// <summary>The share of hidden tokens in whose place the mask token stands. mlm only.</summary>
    [Range(0.0, 1.0)]
    public double MaskShare { get; init; } = 0.8;

    /// <summary>The share of hidden tokens in whose place another token stands; what is left is shown as it is. mlm only.</summary>
    [Range(0.0, 1.0)]
    public double RandomShare { get; init; } = 0.1;

    /// <summary>The mean length in tokens of the spans that are taken out. span_corruption only.</summary>
    [Range(1.0, 1e6)]
    public double SpanLength { get; init; } = 3;

    /// <summary>What the discriminator's loss counts against the generator's. electra only.</summary>
    [Range(0.0, 1e6)]
    public double DetectionWeight { get; init; } = 50;

    /// <summary>The share of the tokens at which a token is predicted, in a resolved recipe: the head over the vocabulary is computed for these alone.</summary>
    /// <remarks>Of span corruption, what the decoder writes: a sentinel for each span too.</remarks>
    internal double PredictedShare => Name switch { "causal" => 1, "rts" => 0, "span_corruption" => Math.Min(1, Rate * (1 + 1 / SpanLength)), _ => Rate };

    /// <summary>The section with the architecture's own objective where none was named.</summary>
    /// <param name="architecture">The recipe's name of the architecture.</param>
    internal ObjectiveSection Resolve(string architecture) => Name.Length > 0 ? this : this with { Name = ObjectiveRegistry.DefaultFor(architecture) };

    /// <summary>The first key that an objective doesn't have and that was set all the same, with what is wrong; null where all is well. What does nothing is refused.</summary>
    /// <param name="name">The objective's name.</param>
    internal (string Key, string Message)? Unused(string name)
    {
        var usual = new ObjectiveSection();
        if (MaskShare + RandomShare > 1)
            return (RandomShare != usual.RandomShare ? "objective.random_share" : "objective.mask_share", "'objective.mask_share' and 'objective.random_share' are more than 1 together");
        if (name == "causal" && Rate != usual.Rate) return ("objective.rate", "'objective.rate' is for objectives that hide or replace tokens; causal doesn't");
        if (name != "span_corruption" && SpanLength != usual.SpanLength) return Only("span_length", "span_corruption");
        if (name != "electra" && DetectionWeight != usual.DetectionWeight) return Only("detection_weight", "electra");
        if (name == "mlm") return null;
        if (Unit != usual.Unit) return Only("unit", "mlm");
        if (MaskShare != usual.MaskShare) return Only("mask_share", "mlm");
        return RandomShare != usual.RandomShare ? Only("random_share", "mlm") : null;

        (string Key, string Message) Only(string key, string objective) => ($"objective.{key}", $"'objective.{key}' is for {objective}; {name} doesn't have it");
    }
}
