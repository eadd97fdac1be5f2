using Coppice.Models;
using Coppice.Training.Objectives;

namespace Coppice.Adapters;

/// <summary>Learning from answers that were judged one by one.</summary>
internal sealed class JudgedTask : AdaptTask<JudgedAnswer>
{
    private const double UsualBeta = 0.1;

    /// <inheritdoc/>
    public override string Name => "kto";

    /// <inheritdoc/>
    public override string Summary => "answers that were judged one by one: Kahneman-Tversky optimisation";

    internal override IReadOnlyList<string> Metrics => ["accuracy"];

    internal override IReadOnlyList<string> Reads =>
        [nameof(TaskSection.Template), nameof(TaskSection.Beta), nameof(TaskSection.Desirable), nameof(TaskSection.Undesirable)];

    internal override TemplateUse UsesTemplate(TaskSection settings) => settings.Template == TemplateChoice.None ? TemplateUse.Never : TemplateUse.WhereThere;

    internal override void Check(LanguageModel model) => model.RequireCausal("answer a prompt");

    internal override RenderedTask Render(TaskData data, TaskContext context, HeadDescription? head, bool training) =>
        PreferenceRendering.Judged(Items(data), context.Tokenizer, context.Template, context.MaxTokens);

    internal override IObjective Objective(TaskData data, RenderedTask rendered, TaskContext context, HeadObjective? head)
    {
        var (settings, answers) = (context.Settings, Items(data));
        var loss = new KahnemanTverskyLoss(settings.Beta > 0 ? settings.Beta : UsualBeta, settings.Desirable, settings.Undesirable);
        return new JudgedObjective(loss, [.. rendered.Examples.Select(example => answers[example.Number].Desirable)], context.Reference(rendered.Examples));
    }

    internal override TaskMetrics Measure(TaskEvaluator evaluator, MeasuredTask measured, bool intervals, CancellationToken cancellation)
    {
        var (items, objective) = (Items(measured.Data), (JudgedObjective)measured.Objective);
        var answers = evaluator.Answers(measured.Examples, cancellation).Select(objective.Compared).ToList();
        // How much more probable answers became is compared with what the same answers gained behind other prompts.
        var chance = KahnemanTverskyLoss.Baseline([.. answers.Select(pair => pair[1])]);
        List<int> guessed = [.. answers.Select(pair => pair[0].Ratio > chance ? 1 : 0)];
        List<int> right = [.. measured.Examples.Select(example => items[example.Number].Desirable ? 1 : 0)];
        return new TaskMetricsBuilder(intervals, cancellation)
            .Add("accuracy", guessed, right, Accuracy.Of)
            .Finish(evaluator.Loss(objective, measured.Examples, cancellation));
    }

    private protected override IReadOnlyList<JudgedAnswer> ReadFile(string file, TaskSection settings) => JudgedAnswer.Read(file);
}
