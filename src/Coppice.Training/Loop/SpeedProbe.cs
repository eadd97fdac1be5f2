using System.Diagnostics;
using Coppice.Corpus;
using Coppice.Models;
using Coppice.Tensors;
using Coppice.Training.Objectives;
using Coppice.Training.Optimizers;
using Coppice.Training.Planning;
using Coppice.Training.Recipes;

namespace Coppice.Training.Loop;

/// <summary>Measures how fast a model trains on this machine, by a few seconds of real work on random tokens.</summary>
public static class SpeedProbe
{
    // The first steps on a shape meet memory that is not there yet.
    private const int UncountedSteps = 1;

    // Enough to see that a step is no accident; with more, they would have to be smaller and less like those of the run.
    private const int WantedSteps = 2;

    // Steps on a few tokens, many a second, until the JIT has optimised the kernels.
    private const int WarmUpTokens = 16;
    private static readonly TimeSpan WarmUp = TimeSpan.FromSeconds(1);

    /// <summary>Trains for a moment, on as many sequences of a micro-batch at a time as leave time for several steps.</summary>
    /// <param name="configuration">The model.</param>
    /// <param name="recipe">Batch, sequence length, optimizer.</param>
    /// <param name="duration">How long after warming up, at least one counted step in any case.</param>
    /// <returns>Tokens per second of a step of the recipe, from the medians of its parts.</returns>
    public static double TokensPerSecond(ModelConfiguration configuration, Recipe recipe, TimeSpan duration)
    {
        var training = recipe.Training;
        using var backend = Backends.Create(training.Threads);
        using var model = configuration.Create(backend);
        model.Initialize(0);
        using var trainer = new Trainer(model, ObjectiveRegistry.ForPlanning(recipe.Objective, configuration), OptimizerRegistry.Create(model.Parameters, recipe.Optimizer), seed: 0) { Recomputing = training.Recompute };
        var vocabulary = configuration.VocabularySize;
        var most = training.BatchSize / training.Accumulation;
        Measure(trainer, RandomBatch.Create(vocabulary, 1, Math.Min(WarmUpTokens, training.SequenceLength), stream: 0), WarmUp);
        var step = Measure(trainer, RandomBatch.Create(vocabulary, 1, training.SequenceLength, stream: 0), duration / 8);
        var sequences = (int)Math.Clamp(duration.TotalSeconds / WantedSteps / step.Gradients, 1, most);
        if (sequences > 1) step = Measure(trainer, RandomBatch.Create(vocabulary, sequences, training.SequenceLength, stream: 0), duration);
        return training.TokensPerStep / (step.Gradients * training.BatchSize / sequences + step.Update);
    }

    private static (double Gradients, double Update) Measure(Trainer trainer, PackedBatch batch, TimeSpan duration)
    {
        var (gradients, updates) = (new List<double>(), new List<double>());
        var clock = Stopwatch.StartNew();
        for (var step = 0; step <= UncountedSteps || clock.Elapsed < duration; step++)
        {
            var start = clock.Elapsed;
            var result = trainer.ComputeGradients([batch], step);
            var middle = clock.Elapsed;
            trainer.Apply(result, 1e-6);
            if (step < UncountedSteps) continue;
            gradients.Add((middle - start).TotalSeconds);
            updates.Add((clock.Elapsed - middle).TotalSeconds);
        }

        return (Median(gradients), Median(updates));
    }

    private static double Median(List<double> values)
    {
        values.Sort();
        return values[values.Count / 2];
    }
}
