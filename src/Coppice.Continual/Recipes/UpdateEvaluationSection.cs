using System.ComponentModel.DataAnnotations;
using Coppice.Training.Recipes;

namespace Coppice.Continual.Recipes;

/// <summary>What is measured in an update.</summary>
public sealed record UpdateEvaluationSection
{
    /// <summary>How often every source is measured during the update: at the start, densely in its first hundredth, then evenly.</summary>
    [Range(0, 100_000)]
    public int Points { get; init; } = 40;

    /// <summary>Tokens of a source that a measurement during the update reads; 0 means so many that all of them cost a twentieth of the update.</summary>
    [Range(0L, 1e18)]
    public long MaxTokens { get; init; }

    /// <summary>Minimal pairs to count flips on; empty for none.</summary>
    public string Pairs { get; init; } = "";

    /// <summary>Cloze facts to score before and after; empty for none.</summary>
    public string Facts { get; init; } = "";

    /// <summary>Whether to measure what of the new text is remembered word for word.</summary>
    public bool Memorisation { get; init; } = true;

    /// <summary>What parent and update are let continue, for the report.</summary>
    public ValueList<string> SamplePrompts { get; init; } = [];

    /// <summary>Tokens of a sample.</summary>
    [Range(1, 1_000_000)]
    public int SampleTokens { get; init; } = 100;
}
