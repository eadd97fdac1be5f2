using Coppice.Corpus;
using Coppice.Models;
using Coppice.Tensors;
using Coppice.Training.Loop;
using Coppice.Training.Objectives;
using Coppice.Training.Optimizers;
using Coppice.Training.Recipes;

namespace Coppice.Training.Planning;

/// <summary>The memory that training holds resident at its highest, in bytes, by what it is for.</summary>
public sealed record MemoryPlan
{
    // A .NET process that trains, without its tensors: runtime, compiled code, threads' stacks and scratch memory of the kernels, batches.
    // Measured on Linux x64 as the resident peak of bench train less the tensors, for models of 1 to 100 million parameters.
    private const long ProcessBytes = 48L << 20;

    // What a run has besides: token stores and samplers, recipe, checkpoints, metrics and display, and the code of all that. Measured likewise.
    private const long RunBytes = 42L << 20;

    /// <summary>The parameters.</summary>
    public required long Weights { get; init; }

    /// <summary>Their gradients.</summary>
    public required long Gradients { get; init; }

    /// <summary>What the optimizer keeps from step to step, an average of the weights included.</summary>
    public required long Optimizer { get; init; }

    /// <summary>The most that a step holds at one time for its backward pass and for results on the way: the peak of its <see cref="Arena"/>.</summary>
    public required long Activations { get; init; }

    /// <summary>Everything else: the runtime, compiled code, threads, buffers for data, and gaps between activations.</summary>
    public required long Other { get; init; }

    /// <summary>What a run from a recipe needs in addition: its data, checkpoints and display, and a second copy of the weights while an average of them is measured.</summary>
    public required long Run { get; init; }

    /// <summary>All that the training step needs: what <c>bench train</c> measures for the shape.</summary>
    public long Total => Weights + Gradients + Optimizer + Activations + Other;

    /// <summary>The same for a run from a recipe: what <c>pretrain</c> holds. Making tokenizer and token stores comes before and is not planned.</summary>
    public long RunTotal => Total + Run;

    /// <summary>
    /// Plans a step by running it on a <see cref="PlanningBackend"/>: the model, the optimizer and the step are the real ones, so the plan can't differ
    /// from what they ask for.
    /// </summary>
    /// <param name="configuration">The model.</param>
    /// <param name="recipe">Batch, sequence length, optimizer, recomputation.</param>
    public static MemoryPlan For(ModelConfiguration configuration, Recipe recipe)
    {
        using var backend = new PlanningBackend();
        using var model = configuration.Create(backend);
        using var trainer = new Trainer(model, ObjectiveRegistry.ForPlanning(recipe.Objective, configuration), OptimizerRegistry.Create(model.Parameters, recipe.Optimizer), seed: 0)
        {
            Recomputing = recipe.Training.Recompute,
        };
        PackedBatch[] batches = [RandomBatch.Create(configuration.VocabularySize, recipe.Training.BatchSize / recipe.Training.Accumulation, recipe.Training.SequenceLength, stream: 0)];
        return Of(model, trainer, [batches]);
    }

    /// <summary>Plans steps of a trainer by running them on a <see cref="PlanningBackend"/>.</summary>
    /// <param name="model">The model, on such a backend.</param>
    /// <param name="trainer">Of the model; what it trains need not be the model's own parameters.</param>
    /// <param name="steps">The micro-batches of steps: those that take most memory.</param>
    public static MemoryPlan Of(LanguageModel model, Trainer trainer, IReadOnlyList<PackedBatch[]> steps)
    {
        // The second time round finds the memory of the first, as all later steps do.
        for (var step = 0; step < 2 * steps.Count; step++) trainer.Apply(trainer.ComputeGradients(steps[step % steps.Count], step), 1e-6);
        var added = trainer.Trained.Where(set => set.Parameters != model.Parameters).Sum(set => Bytes(set.Parameters.Values));
        return new MemoryPlan
        {
            Weights = Bytes(model.Parameters.Values) + (model.Quantized?.Bytes ?? 0) + added,
            Gradients = trainer.Trained.Sum(set => Bytes(set.Parameters.Gradients!)),
            Optimizer = trainer.Trained.Sum(set => set.Optimizer.State.Sum(state => Bytes(state.Buffer))),
            Activations = trainer.Arena.PeakBytes,
            Other = ProcessBytes + trainer.Arena.TouchedBytes - trainer.Arena.PeakBytes,
            Run = RunBytes + trainer.Trained.Sum(set => set.Optimizer.AverageWeights is { } average ? Bytes(average) : 0),
        };
    }

    private static long Bytes(FlatBuffer buffer) => buffer.Count * sizeof(float);
}
