using System.ComponentModel.DataAnnotations;

namespace Coppice.Training.Recipes;

/// <summary>The optimizer.</summary>
public sealed record OptimizerSection
{
    /// <summary><c>adamw</c>, <c>sgd</c> or <c>amsgrad</c>.</summary>
    [AllowedValues("adamw", "sgd", "amsgrad")]
    public string Name { get; init; } = "adamw";

    /// <summary>The learning rate at the end of the warm-up.</summary>
    [Range(0.0, 1_000.0, MinimumIsExclusive = true)]
    public double LearningRate { get; init; } = 1e-3;

    /// <summary>How much of the old mean gradient a step keeps (adamw, amsgrad).</summary>
    [Range(0.0, 1.0, MaximumIsExclusive = true)]
    public double Beta1 { get; init; } = 0.9;

    /// <summary>How much of the old mean squared gradient a step keeps (adamw, amsgrad).</summary>
    [Range(0.0, 1.0, MaximumIsExclusive = true)]
    public double Beta2 { get; init; } = 0.95;

    /// <summary>What is added to the root of the mean squared gradient (adamw, amsgrad).</summary>
    [Range(0.0, 1.0, MinimumIsExclusive = true)]
    public double Epsilon { get; init; } = 1e-8;

    /// <summary>How much of the old update a step keeps (sgd).</summary>
    [Range(0.0, 1.0, MaximumIsExclusive = true)]
    public double Momentum { get; init; } = 0.9;

    /// <summary>Whether the momentum looks ahead (sgd).</summary>
    public bool Nesterov { get; init; }

    /// <summary>Decoupled weight decay: each step multiplies a weight by 1 - learning rate * weight_decay.</summary>
    [Range(0.0, 1_000.0)]
    public double WeightDecay { get; init; } = 0.1;

    /// <summary>Whether vectors (biases, norms) decay too; matrices always do.</summary>
    public bool DecayVectors { get; init; }

    /// <summary>The norm of all gradients together above which they are scaled down to it; 0 means no clipping.</summary>
    [Range(0.0, 1e12)]
    public double ClipNorm { get; init; } = 1;

    /// <summary>How much of the old average a step keeps in an exponential moving average of the weights; 0 means no average.</summary>
    [Range(0.0, 1.0, MaximumIsExclusive = true)]
    public double EmaDecay { get; init; }
}
