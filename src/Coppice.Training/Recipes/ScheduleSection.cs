using System.ComponentModel.DataAnnotations;
using Coppice.Training.Schedules;

namespace Coppice.Training.Recipes;

/// <summary>How the learning rate goes up and down.</summary>
public sealed record ScheduleSection
{
    /// <summary><c>constant</c>, <c>linear</c>, <c>cosine</c>, <c>inverse_sqrt</c>, <c>wsd</c> (warm-up, stable, decay), <c>infinite</c> or <c>power</c>.</summary>
    public string Name { get; init; } = "cosine";

    /// <summary>Steps in which the learning rate rises linearly to optimizer.learning_rate.</summary>
    [Range(0L, 1e15)]
    public long WarmupSteps { get; init; }

    /// <summary>The warm-up in tokens; at most one of the two is set.</summary>
    [Range(0L, 1e18)]
    public long WarmupTokens { get; init; }

    /// <summary>The learning rate at the end (linear, cosine, wsd, infinite, power).</summary>
    [Range(0.0, 1_000.0)]
    public double FinalLearningRate { get; init; }

    /// <summary>The share of the run, at its end, in which wsd, infinite and power come down to the final learning rate.</summary>
    [Range(0.0, 1.0)]
    public double DecayShare { get; init; } = 0.2;

    /// <summary>How they come down: <c>linear</c>, <c>root</c>, <c>cosine</c>, <c>square</c> or <c>exponential</c>; <c>usual</c> is exponential for infinite and linear for the others.</summary>
    public DecayShape DecayShape { get; init; }

    /// <summary>infinite: the learning rate of its constant phase, 0 for half of optimizer.learning_rate. power: the learning rate below which it doesn't fall before the decay.</summary>
    [Range(0.0, 1_000.0)]
    public double ConstantLearningRate { get; init; }

    /// <summary>Steps after the warm-up in which infinite comes from optimizer.learning_rate to its constant learning rate; 0 warms up to the latter.</summary>
    [Range(0L, 1e15)]
    public long CooldownSteps { get; init; }

    /// <summary>How it comes there: <c>cosine</c>, <c>inverse_sqrt</c> or <c>linear</c>.</summary>
    public CooldownShape CooldownShape { get; init; }

    /// <summary>The exponent of power.</summary>
    [Range(-10.0, 0.0)]
    public double PowerExponent { get; init; } = -0.51;

    /// <summary>power: its amplitude for batches counted in sequences of 4,096 tokens; 0 for the one with which it leaves optimizer.learning_rate at the end of the warm-up.</summary>
    [Range(0.0, 1e9)]
    public double PowerAmplitude { get; init; }

    /// <summary>Tokens that the model was trained on before this run, where the schedule goes on from there: past the warm-up and the cool-down, further down a power.</summary>
    [Range(0L, 1e18)]
    public long PriorTokens { get; init; }

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
