using Coppice.Foundation;
using Coppice.Models;
using Coppice.Training.Objectives;

namespace Coppice.Adapters;

/// <summary>A number for a text. It is learned as how many standard deviations it lies from the mean of the training data, which the head's file remembers.</summary>
internal sealed class RegressionTask : AdaptTask<LabelledText>
{
    /// <inheritdoc/>
    public override string Name => "regression";

    /// <inheritdoc/>
    public override string Summary => "a number for a text, or for a pair of texts";

    internal override IReadOnlyList<string> Metrics => ["spearman", "rmse"];

    internal override IReadOnlyList<string> Reads => [nameof(TaskSection.TextField), nameof(TaskSection.PairField), nameof(TaskSection.LabelField), nameof(TaskSection.Pooling)];

    internal override HeadDescription Describe(TaskData training, TaskSection settings, ModelConfiguration configuration)
    {
        var texts = Items(training);
        var numbers = texts.Select(text => (double)text.Number()).ToList();
        var mean = numbers.Average();
        var deviation = Math.Sqrt(numbers.Average(number => (number - mean) * (number - mean)));
        if (deviation == 0) throw new CoppiceException($"{texts[0].Where}: every training example has the number {texts[0].Label}: there is nothing to tell apart");
        return new HeadDescription(HeadTask.Numbers, [], settings.PoolingFor(configuration)) { Scale = new NumberScale((float)mean, (float)deviation) };
    }

    internal override RenderedTask Render(TaskData data, TaskContext context, HeadDescription? head, bool training) =>
        ClassificationRendering.Numbers(Items(data), context.Tokenizer, context.MaxTokens, head!.Scale);

    internal override IObjective Objective(TaskData data, RenderedTask rendered, TaskContext context, HeadObjective? head) => head!;

    internal override TaskMetrics Measure(TaskEvaluator evaluator, MeasuredTask measured, bool intervals, CancellationToken cancellation)
    {
        var scale = measured.Head!.Scale;
        List<float> guessed = [.. TaskGuesses.Numbers(evaluator.Scores((HeadObjective)measured.Objective, measured.Examples, cancellation)).Select(scale.Number)];
        List<float> right = [.. TaskGuesses.RightNumbers(measured.Examples).Select(scale.Number)];
        return new TaskMetricsBuilder(intervals, cancellation)
            .Add("spearman", guessed, right, SpearmanCorrelation.Of)
            .Add("rmse", guessed, right, RootMeanSquaredError)
            .Finish(evaluator.Loss(measured.Objective, measured.Examples, cancellation));
    }

    private protected override IReadOnlyList<LabelledText> ReadFile(string file, TaskSection settings) =>
        LabelledText.Read(file, new LabelledFields { Text = settings.TextField, Pair = settings.PairField.Length > 0 ? settings.PairField : null, Label = settings.LabelField });

    private static double RootMeanSquaredError(IReadOnlyList<float> guessed, IReadOnlyList<float> right) =>
        Math.Sqrt(Enumerable.Range(0, right.Count).Average(i => ((double)guessed[i] - right[i]) * ((double)guessed[i] - right[i])));
}
