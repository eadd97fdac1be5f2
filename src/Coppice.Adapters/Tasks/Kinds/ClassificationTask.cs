using Coppice.Models;
using Coppice.Training.Objectives;

namespace Coppice.Adapters;

/// <summary>Classes of texts, or of pairs of texts.</summary>
internal sealed class ClassificationTask(string name, string summary, bool pairs) : AdaptTask<LabelledText>
{
    private const string UsualPairField = "text2";

    /// <inheritdoc/>
    public override string Name => name;

    /// <inheritdoc/>
    public override string Summary => summary;

    internal override IReadOnlyList<string> Metrics => ["accuracy", "macro_f1", "matthews"];

    internal override IReadOnlyList<string> Reads =>
    [
        nameof(TaskSection.TextField), nameof(TaskSection.LabelField), nameof(TaskSection.Labels), nameof(TaskSection.ClassWeights), nameof(TaskSection.Pooling),
        .. pairs ? new[] { nameof(TaskSection.PairField) } : [],
    ];

    internal override HeadDescription Describe(TaskData training, TaskSection settings, ModelConfiguration configuration) =>
        new(HeadTask.Classes, LabelChoice.Of(Items(training).Select(text => (text.Label, text.Where)), settings).Names, settings.PoolingFor(configuration));

    internal override RenderedTask Render(TaskData data, TaskContext context, HeadDescription? head, bool training)
    {
        var texts = Items(data);
        var weights = training && context.Settings.ClassWeights == ClassWeights.Balanced ? LabelSet.Of(texts.Select(text => text.Label)).BalancedWeights() : null;
        return ClassificationRendering.Classes(texts, LabelSet.FromNames(head!.Labels), context.Tokenizer, context.MaxTokens, weights);
    }

    internal override IObjective Objective(TaskData data, RenderedTask rendered, TaskContext context, HeadObjective? head) => head!;

    internal override TaskMetrics Measure(TaskEvaluator evaluator, MeasuredTask measured, bool intervals, CancellationToken cancellation)
    {
        var guessed = TaskGuesses.Classes(evaluator.Scores((HeadObjective)measured.Objective, measured.Examples, cancellation));
        var right = TaskGuesses.RightClasses(measured.Examples);
        return new TaskMetricsBuilder(intervals, cancellation)
            .Add("accuracy", guessed, right, Accuracy.Of)
            .Add("macro_f1", guessed, right, MacroF1.Of)
            .Add("matthews", guessed, right, MatthewsCorrelation.Of)
            .Finish(evaluator.Loss(measured.Objective, measured.Examples, cancellation));
    }

    private protected override IReadOnlyList<LabelledText> ReadFile(string file, TaskSection settings) =>
        LabelledText.Read(file, new LabelledFields { Text = settings.TextField, Pair = pairs ? settings.PairField is { Length: > 0 } field ? field : UsualPairField : null, Label = settings.LabelField });
}
