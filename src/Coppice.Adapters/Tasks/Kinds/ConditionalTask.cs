using Coppice.Models;
using Coppice.Training.Objectives;

namespace Coppice.Adapters;

/// <summary>Texts behind a mark that says whether their score reaches a threshold: see <see cref="ConditionalTraining"/>.</summary>
internal sealed class ConditionalTask : AdaptTask<ScoredText>
{
    // The texts are the same ones at each rendering, and so are those without a mark.
    private const ulong Seed = 0;

    /// <inheritdoc/>
    public override string Name => "conditional";

    /// <inheritdoc/>
    public override string Summary => "texts, marked by whether their score reaches a threshold";

    internal override IReadOnlyList<string> Metrics => ["loss"];

    internal override IReadOnlyList<string> Reads => [nameof(TaskSection.Threshold), nameof(TaskSection.Unmarked)];

    internal override void Check(LanguageModel model) => model.RequireCausal("continue a mark");

    internal override RenderedTask Render(TaskData data, TaskContext context, HeadDescription? head, bool training) =>
        new ConditionalTraining(context.Tokenizer, context.Settings.Threshold, context.Settings.Unmarked).Render(Items(data), context.MaxTokens, Seed);

    internal override IObjective Objective(TaskData data, RenderedTask rendered, TaskContext context, HeadObjective? head) => new SupervisedObjective();

    internal override TaskMetrics Measure(TaskEvaluator evaluator, MeasuredTask measured, bool intervals, CancellationToken cancellation)
    {
        var documents = evaluator.Answers(measured.Examples, cancellation).SelectMany(example => example).ToList();
        var loss = Loss(documents);
        return new TaskMetricsBuilder(intervals, cancellation).Add("loss", documents, documents, (drawn, _) => Loss(drawn)).Finish(loss);
    }

    private protected override IReadOnlyList<ScoredText> ReadFile(string file, TaskSection settings) => ScoredText.Read(file);

    private static double Loss(IReadOnlyList<AnswerProbability> documents) => -documents.Sum(document => document.LogProbability) / documents.Sum(document => (long)document.Tokens);
}
