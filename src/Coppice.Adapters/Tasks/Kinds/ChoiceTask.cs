using Coppice.Evaluation;
using Coppice.Models;
using Coppice.Training.Objectives;

namespace Coppice.Adapters;

/// <summary>Which of several answers is right.</summary>
internal sealed class ChoiceTask : AdaptTask<MultipleChoiceItem>
{
    /// <inheritdoc/>
    public override string Name => "choice";

    /// <inheritdoc/>
    public override string Summary => "which of several answers to a question is right";

    internal override IReadOnlyList<string> Metrics => ["accuracy"];

    internal override IReadOnlyList<string> Reads => [nameof(TaskSection.Pooling)];

    internal override HeadDescription Describe(TaskData training, TaskSection settings, ModelConfiguration configuration) =>
        new(HeadTask.Choices, [], settings.PoolingFor(configuration));

    internal override RenderedTask Render(TaskData data, TaskContext context, HeadDescription? head, bool training) =>
        ClassificationRendering.Choices(Items(data), context.Tokenizer, context.MaxTokens);

    internal override IObjective Objective(TaskData data, RenderedTask rendered, TaskContext context, HeadObjective? head) => head!;

    internal override TaskMetrics Measure(TaskEvaluator evaluator, MeasuredTask measured, bool intervals, CancellationToken cancellation)
    {
        var items = Items(measured.Data);
        var guessed = TaskGuesses.Choices(evaluator.Scores((HeadObjective)measured.Objective, measured.Examples, cancellation));
        List<int> right = [.. measured.Examples.Select(example => items[example.Number].Answer)];
        return new TaskMetricsBuilder(intervals, cancellation)
            .Add("accuracy", guessed, right, Accuracy.Of)
            .Finish(evaluator.Loss(measured.Objective, measured.Examples, cancellation));
    }

    private protected override IReadOnlyList<MultipleChoiceItem> ReadFile(string file, TaskSection settings) => MultipleChoiceItem.Read(file);
}
