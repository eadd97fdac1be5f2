using Coppice.Corpus;
using Coppice.Foundation;
using Coppice.Tensors;
using Coppice.Training.Schedules;

namespace Coppice.Adapters;

/// <summary>How long a task is trained.</summary>
public sealed record TaskRunOptions
{
    /// <summary>Passes over the examples, at most.</summary>
    public int Epochs { get; init; } = 3;

    /// <summary>Measurements in a row that may be no better before training ends; 0 to go on to the end whatever is measured.</summary>
    public int Patience { get; init; }

    /// <summary>Whether what is measured is one such as accuracy; false for a loss.</summary>
    public bool HigherIsBetter { get; init; }
}

/// <summary>What a run came to.</summary>
/// <param name="Steps">Steps done.</param>
/// <param name="Loss">Mean training loss of the last epoch that was begun.</param>
/// <param name="Best">The best measurement, whose weights are in place; NaN where nothing was measured.</param>
/// <param name="BestStep">When it was made.</param>
/// <param name="Stopped">Whether training ended early because nothing got better.</param>
public sealed record TaskRunResult(long Steps, double Loss, double Best, long BestStep, bool Stopped);

/// <summary>Trains a task: a step after another, a measurement after each epoch, and at the end the weights that were measured best.</summary>
public static class TaskRun
{
    /// <summary>Trains.</summary>
    /// <param name="trainer">Gradients and updates.</param>
    /// <param name="trained">The parameters that the trainer changes: those of the best measurement are kept beside them.</param>
    /// <param name="sampler">The examples.</param>
    /// <param name="schedule">The learning rate.</param>
    /// <param name="options">How long.</param>
    /// <param name="measure">Measures after each epoch, on examples that are not trained on; null to keep the weights of the end.</param>
    /// <param name="step">Told of each step: its number from 1 and its loss. Null for nobody.</param>
    /// <param name="cancellationToken">Ends it after a step.</param>
    /// <exception cref="CoppiceException">The loss is no number any more.</exception>
    public static TaskRunResult Train(
        TaskTrainer trainer, IReadOnlyList<ParameterSet> trained, TaskSampler sampler, ISchedule schedule, TaskRunOptions options,
        Func<double>? measure = null, Action<long, double>? step = null, CancellationToken cancellationToken = default)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(options.Epochs, 1);
        ArgumentOutOfRangeException.ThrowIfNegative(options.Patience);
        var stopping = new EarlyStopping(options.Patience > 0 ? options.Patience : options.Epochs, options.HigherIsBetter);
        FlatBuffer[] best = measure is null ? [] : [.. trained.Select(set => new FlatBuffer(set.Backend, set.Values.Count))];
        try
        {
            var (steps, tokens, loss) = (0L, 0L, 0.0);
            for (var epoch = 0; epoch < options.Epochs && !stopping.ShouldStop && !cancellationToken.IsCancellationRequested; epoch++)
            {
                var (sum, done) = (0.0, 0);
                while (done < sampler.StepsPerEpoch && !cancellationToken.IsCancellationRequested)
                {
                    var batches = sampler.Next();
                    var result = trainer.ComputeGradients(batches, steps);
                    if (!result.IsFinite)
                        throw new CoppiceException(FormattableString.Invariant($"step {steps + 1}: the loss is {result.Loss} and the gradient's norm {result.GradientNorm}: lower the learning rate"));
                    trainer.Apply(result, schedule.LearningRate(steps, tokens));
                    foreach (var batch in batches) tokens += batch.Count;
                    (steps, done, sum) = (steps + 1, done + 1, sum + result.Loss);
                    step?.Invoke(steps, result.Loss);
                }

                loss = sum / Math.Max(1, done);
                if (measure is null || done == 0) continue;
                if (stopping.Add(steps, measure())) Copy(trained.Select(set => set.Values), best);
            }

            if (stopping.BestStep >= 0) Copy(best, trained.Select(set => set.Values));
            return new TaskRunResult(steps, loss, stopping.Best, stopping.BestStep, stopping.ShouldStop && options.Patience > 0);
        }
        finally
        {
            foreach (var buffer in best) buffer.Dispose();
        }
    }

    private static void Copy(IEnumerable<FlatBuffer> from, IEnumerable<FlatBuffer> to)
    {
        foreach (var (source, destination) in from.Zip(to)) destination.CopyFrom(source);
    }
}
