using System.ComponentModel.DataAnnotations;
using Coppice.Corpus;
using Coppice.Training.Objectives;

namespace Coppice.Training.Recipes;

/// <summary>What the model learns to do.</summary>
public sealed record ObjectiveSection
{
    /// <summary>
    /// <c>causal</c> (the next token), <c>mlm</c> (tokens that were hidden), <c>slm</c> (tokens that were replaced at random), <c>electra</c> (which tokens a
    /// generator replaced) or <c>rts</c> (which were replaced at random, without a generator); empty means the architecture's own.
    /// </summary>
    [AllowedValues("", "causal", "mlm", "slm", "electra", "rts")]
    public string Name { get; init; } = "";

    /// <summary>The share of tokens that are hidden or replaced. Not for causal.</summary>
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

    /// <summary>What the discriminator's loss counts against the generator's. electra only.</summary>
    [Range(0.0, 1e6)]
    public double DetectionWeight { get; init; } = 50;

    /// <summary>The section with the architecture's own objective where none was named.</summary>
    /// <param name="architecture">The recipe's name of the architecture.</param>
    internal ObjectiveSection Resolve(string architecture) => Name.Length > 0 ? this : this with { Name = ObjectiveRegistry.DefaultFor(architecture) };
}
