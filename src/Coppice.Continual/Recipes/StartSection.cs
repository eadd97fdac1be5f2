using System.ComponentModel.DataAnnotations;

namespace Coppice.Continual.Recipes;

/// <summary>Where an update begins.</summary>
public sealed record StartSection
{
    /// <summary>
    /// <c>trunk</c> (the parent's undecayed state, with its optimizer), <c>release</c> (the parent's weights, with a new optimizer), or <c>auto</c>: the
    /// trunk where there is one.
    /// </summary>
    [AllowedValues("auto", "trunk", "release")]
    public string From { get; init; } = "auto";

    /// <summary>The trunk's optimizer state: <c>keep</c> or <c>reset</c>.</summary>
    [AllowedValues("keep", "reset")]
    public string Optimizer { get; init; } = "keep";

    /// <summary>The share of the update in which the learning rate rises, where the schedule gives no warm-up and the update does not begin at a trunk.</summary>
    [Range(0.0, 1.0)]
    public double WarmupShare { get; init; } = 0.01;
}
