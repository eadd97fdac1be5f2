using System.ComponentModel.DataAnnotations;

namespace Coppice.Continual.Recipes;

/// <summary>New tokens for the new text.</summary>
public sealed record VocabularySection
{
    /// <summary>How many tokens to add; 0 for none.</summary>
    [Range(0, 10_000_000)]
    public int Grow { get; init; }

    /// <summary>How their rows begin: <c>pieces</c> (the mean of the old tokens that they consist of), <c>mean</c> (of all) or <c>random</c>.</summary>
    [AllowedValues("pieces", "mean", "random")]
    public string Initializer { get; init; } = "pieces";

    /// <summary>The share of the update, at its beginning, in which only the new rows are trained.</summary>
    [Range(0.0, 1.0)]
    public double NewRowsShare { get; init; } = 0.03;
}
