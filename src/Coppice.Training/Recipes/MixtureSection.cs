using System.ComponentModel.DataAnnotations;

namespace Coppice.Training.Recipes;

/// <summary>How the sources of a run are mixed, beyond their weights; see <see cref="Corpus.Mixing.MixturePlan"/>.</summary>
public sealed record MixtureSection
{
    /// <summary>
    /// A source's share is its weight times its tokens to the power of 1/temperature: 1 mixes by size, more raises small sources. 0 leaves the weights alone.
    /// </summary>
    [Range(0.0, 1e6)]
    public double Temperature { get; init; }

    /// <summary>
    /// How often a source may be gone through at most; what it leaves goes to the others. 0 means any number. Up to about 4 epochs repeated text is worth nearly as much as new text.
    /// </summary>
    [Range(0.0, 1e9)]
    public double MaxEpochs { get; init; }

    /// <summary>Later parts of the run with other weights, such as more of the best text at the end.</summary>
    public ValueList<StageSection> Stages { get; init; } = [];
}

/// <summary>A later part of a run with weights of its own.</summary>
public sealed record StageSection
{
    /// <summary>Where it begins, as a share of the run's steps.</summary>
    [Range(0.0, 1.0, MinimumIsExclusive = true, MaximumIsExclusive = true)]
    public double From { get; init; }

    /// <summary>The weights that differ from the sources' own.</summary>
    public ValueList<StageWeightSection> Weights { get; init; } = [];
}

/// <summary>The weight of a source in a stage.</summary>
public sealed record StageWeightSection
{
    /// <summary>The source's name.</summary>
    public string Source { get; init; } = "";

    /// <summary>Its weight; 0 takes nothing of it.</summary>
    [Range(0.0, 1e9)]
    public double Weight { get; init; } = 1;
}
