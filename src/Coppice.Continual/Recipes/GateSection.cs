using System.ComponentModel.DataAnnotations;

namespace Coppice.Continual.Recipes;

/// <summary>What an updated model must still know to be released. A bar at its highest value is as good as none.</summary>
public sealed record GateSection
{
    /// <summary>Means: in proportion to the bar of one update.</summary>
    public const double ByOneUpdate = -1;

    private const double OverallForOne = 2.5;

    /// <summary>The bar against the best of all ancestors that holds; a share.</summary>
    internal double ForgettingOverall => MaxForgettingOverall < 0 ? OverallForOne * MaxForgetting : MaxForgettingOverall;

    /// <summary>By how much bits per byte of an earlier source may rise against the parent, as a share: 0.02 is 2 %.</summary>
    [Range(0.0, 1e6)]
    public double MaxForgetting { get; init; } = 0.02;

    /// <summary>The same against the best of all ancestors, which many small losses would add up to; -1 means two and a half times the bar of one update.</summary>
    [Range(-1.0, 1e6)]
    public double MaxForgettingOverall { get; init; } = ByOneUpdate;

    /// <summary>By how much bits per byte of the new text must fall, as a share of the parent's.</summary>
    [Range(0.0, 1.0)]
    public double MinGain { get; init; }

    /// <summary>The share of minimal pairs that the parent gets right and the update wrong; needs evaluation.pairs.</summary>
    [Range(0.0, 1.0)]
    public double MaxNegativeFlips { get; init; } = 1;

    /// <summary>The share of facts that the parent knows and the update does not; needs evaluation.facts.</summary>
    [Range(0.0, 1.0)]
    public double MaxFactsLost { get; init; } = 1;
}
