using System.ComponentModel.DataAnnotations;

namespace Coppice.Training.Recipes;

/// <summary>How the learning rate goes up and down.</summary>
public sealed record ScheduleSection
{
    /// <summary><c>constant</c>, <c>linear</c>, <c>cosine</c>, <c>inverse_sqrt</c> or <c>wsd</c> (warm-up, stable, decay).</summary>
    public string Name { get; init; } = "cosine";

    /// <summary>Steps in which the learning rate rises linearly to optimizer.learning_rate.</summary>
    [Range(0L, 1e15)]
    public long WarmupSteps { get; init; }

    /// <summary>The warm-up in tokens; at most one of the two is set.</summary>
    [Range(0L, 1e18)]
    public long WarmupTokens { get; init; }

    /// <summary>The learning rate at the end (linear, cosine, wsd).</summary>
    [Range(0.0, 1_000.0)]
    public double FinalLearningRate { get; init; }

    /// <summary>The share of the run, at its end, in which wsd comes down.</summary>
    [Range(0.0, 1.0)]
    public double DecayShare { get; init; } = 0.2;

    /// <summary>What the schedule counts.</summary>
    public ScheduleUnit Unit { get; init; } = ScheduleUnit.Steps;
}

/// <summary>What a schedule counts.</summary>
public enum ScheduleUnit
{
    /// <summary>Optimizer steps.</summary>
    Steps,

    /// <summary>Tokens trained on.</summary>
    Tokens,
}
