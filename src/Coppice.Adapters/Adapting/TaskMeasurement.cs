namespace Coppice.Adapters;

/// <summary>Measures a model on examples of a task.</summary>
/// <param name="task">The task.</param>
/// <param name="measured">What is measured on.</param>
internal sealed class TaskMeasurement(AdaptTask task, MeasuredTask measured)
{
    /// <summary>Reads examples as tokens.</summary>
    /// <exception cref="Foundation.CoppiceException">They are none of the task, or have a label that training knows nothing of.</exception>
    public static TaskMeasurement Of(AdaptTask task, TaskData data, TaskContext context, HeadDescription? description, HeadObjective? head)
    {
        var rendered = task.Render(data, context, description, training: false);
        return new TaskMeasurement(task, new MeasuredTask(data, rendered, task.Objective(data, rendered, context, head), description, context));
    }

    /// <summary>The metrics, with intervals.</summary>
    public TaskMetrics Measure(CancellationToken cancellation)
    {
        using var evaluator = new TaskEvaluator(measured.Context.Model, measured.Context.BatchTokens);
        return task.Measure(evaluator, measured, intervals: true, cancellation);
    }

    /// <summary>The head's numbers.</summary>
    public IReadOnlyList<float[][]> Scores(CancellationToken cancellation)
    {
        if (measured.Objective is not HeadObjective objective) throw new InvalidOperationException($"'{task.Name}' has no head.");
        using var evaluator = new TaskEvaluator(measured.Context.Model, measured.Context.BatchTokens);
        return evaluator.Scores(objective, measured.Examples, cancellation);
    }
}
