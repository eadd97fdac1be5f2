using System.ComponentModel.DataAnnotations;

namespace Coppice.Continual.Recipes;

/// <summary>Training on a right-sized part of the new text for several epochs, best first, instead of once on everything.</summary>
public sealed record SubsetSection
{
    /// <summary>The share of the new text's tokens to keep; 1 for all.</summary>
    [Range(0.0, 1.0, MinimumIsExclusive = true)]
    public double Share { get; init; } = 1;

    /// <summary>What documents are kept by: <c>ngram</c> (least surprising to an n-gram model of the new text itself) or <c>parent</c> (to the parent model).</summary>
    [AllowedValues("ngram", "parent")]
    public string Score { get; init; } = "ngram";
}
