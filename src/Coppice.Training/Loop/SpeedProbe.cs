using System.Diagnostics;
using Coppice.Corpus;
using Coppice.Models;
using Coppice.Tensors;
using Coppice.Training.Objectives;
using Coppice.Training.Optimizers;
using Coppice.Training.Recipes;

namespace Coppice.Training.Loop;

/// <summary>Measures how fast a model trains on this machine, by a few seconds of real steps on random tokens.</summary>
public static class SpeedProbe
{
    // The first steps meet kernels that the JIT has not optimised yet, and memory that is not there yet.
    private const int UncountedSteps = 2;

    /// <summary>Trains for a moment.</summary>
    /// <param name="configuration">The model.</param>
    /// <param name="recipe">Batch, sequence length, optimizer.</param>
    /// <param name="duration">How long, at least one counted step in any case.</param>
    /// <returns>Tokens per second of the median step.</returns>
    public static double TokensPerSecond(ModelConfiguration configuration, Recipe recipe, TimeSpan duration)
    {
        using var backend = Backends.Create(recipe.Training.Threads);
        using var model = configuration.Create(backend);
        model.Initialize(0);
        using var trainer = new Trainer(model, new CausalObjective(), OptimizerRegistry.Create(model.Parameters, recipe.Optimizer), seed: 0);
        var batches = Enumerable.Range(0, recipe.Training.Accumulation).Select(i => RandomBatch(configuration.VocabularySize, recipe.Training, (ulong)i)).ToArray();
        var seconds = new List<double>();
        var clock = Stopwatch.StartNew();
        for (var step = 0; step <= UncountedSteps || clock.Elapsed < duration; step++)
        {
            var start = clock.Elapsed;
            trainer.Apply(trainer.ComputeGradients(batches, step), 1e-6);
            if (step >= UncountedSteps) seconds.Add((clock.Elapsed - start).TotalSeconds);
        }

        seconds.Sort();
        return recipe.Training.TokensPerStep / seconds[seconds.Count / 2];
    }

    private static PackedBatch RandomBatch(int vocabulary, TrainingSection training, ulong stream)
    {
        var random = new Philox(1, stream);
        var batch = new PackedBatch();
        var weights = Enumerable.Repeat(1f, training.SequenceLength).ToArray();
        for (var sequence = 0; sequence < training.BatchSize / training.Accumulation; sequence++)
        {
            var first = (ulong)(sequence * (training.SequenceLength + 1));
            var tokens = Enumerable.Range(0, training.SequenceLength + 1).Select(i => random.Integer(first + (ulong)i, vocabulary)).ToArray();
            batch.Add(tokens.AsSpan(0, training.SequenceLength), tokens.AsSpan(1), weights);
        }

        return batch;
    }
}
