using Coppice.Models;
using Coppice.Tensors;
using Coppice.Training.Data;
using Coppice.Training.Loop;
using Coppice.Training.Recipes;

namespace Coppice.Training.Planning;

/// <summary>What a run will take, known before its first step.</summary>
public sealed record RunPlan
{
    private static readonly TimeSpan ProbeTime = TimeSpan.FromSeconds(2);

    /// <summary>Parameters of the model.</summary>
    public required long Parameters { get; init; }

    /// <summary>Its memory.</summary>
    public required MemoryPlan Memory { get; init; }

    /// <summary>Floating-point operations a token: see <see cref="TrainingFlops.PerToken"/>.</summary>
    public required double FlopsPerToken { get; init; }

    /// <summary>Steps of the run.</summary>
    public required long Steps { get; init; }

    /// <summary>Tokens of the run.</summary>
    public required long Tokens { get; init; }

    /// <summary>Tokens per second, measured on a few sequences; null where the run doesn't fit in this machine's memory.</summary>
    public required double? TokensPerSecond { get; init; }

    /// <summary>Hours of all steps at that speed, without evaluation and checkpoints; null where the speed is not known.</summary>
    public double? Hours => Tokens / TokensPerSecond / 3600;

    /// <summary>Plans a run, and measures its speed for about two seconds.</summary>
    /// <param name="recipe">The recipe, resolved.</param>
    /// <param name="vocabularySize">Rows of the token embedding.</param>
    public static RunPlan For(Recipe recipe, int vocabularySize)
    {
        var configuration = ModelFactory.Configure(recipe.Model, vocabularySize);
        var memory = MemoryPlan.For(configuration, recipe);
        using var backend = new PlanningBackend();
        using var model = configuration.Create(backend);
        var fits = memory.RunTotal <= GC.GetGCMemoryInfo().TotalAvailableMemoryBytes;
        return new RunPlan
        {
            Parameters = model.Parameters.Count,
            Memory = memory,
            FlopsPerToken = TrainingFlops.PerToken(model, recipe.Training.SequenceLength, recipe.Objective.PredictedShare),
            Steps = recipe.Training.TotalSteps,
            Tokens = recipe.Training.TotalSteps * recipe.Training.TokensPerStep,
            TokensPerSecond = fits ? SpeedProbe.TokensPerSecond(configuration, recipe, ProbeTime) : null,
        };
    }
}
