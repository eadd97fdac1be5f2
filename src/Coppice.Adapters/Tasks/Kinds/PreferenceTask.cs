using Coppice.Models;
using Coppice.Training.Objectives;

namespace Coppice.Adapters;

/// <summary>Learning from pairs of answers.</summary>
internal sealed class PreferenceTask(string name, string summary, params string[] reads) : AdaptTask<PreferencePair>
{
    /// <inheritdoc/>
    public override string Name => name;

    /// <inheritdoc/>
    public override string Summary => summary;

    internal override IReadOnlyList<string> Metrics => ["accuracy", "margin"];

    internal override IReadOnlyList<string> Reads => [nameof(TaskSection.Template), .. reads];

    internal override TemplateUse UsesTemplate(TaskSection settings) => settings.Template == TemplateChoice.None ? TemplateUse.Never : TemplateUse.WhereThere;

    internal override void Check(LanguageModel model) => model.RequireCausal("answer a prompt");

    internal override RenderedTask Render(TaskData data, TaskContext context, HeadDescription? head, bool training) =>
        PreferenceRendering.Pairs(Items(data), context.Tokenizer, context.Template, context.MaxTokens);

    internal override IObjective Objective(TaskData data, RenderedTask rendered, TaskContext context, HeadObjective? head)
    {
        var loss = LossOf(context.Settings);
        return new PairObjective(loss, loss.NeedsReference ? context.Reference(rendered.Examples) : null);
    }

    internal override TaskMetrics Measure(TaskEvaluator evaluator, MeasuredTask measured, bool intervals, CancellationToken cancellation)
    {
        var objective = (PairObjective)measured.Objective;
        var relative = LossOf(measured.Context.Settings).NeedsReference;
        // By how much more the better answer gained than the worse one; without a reference, by how much it is more probable a token.
        var rewards = evaluator.Answers(measured.Examples, cancellation).Select(objective.Compared)
            .Select(pair => relative ? pair[0].Ratio - pair[1].Ratio : pair[0].Mean - pair[1].Mean).ToList();
        return new TaskMetricsBuilder(intervals, cancellation)
            .Add("accuracy", rewards, rewards, (drawn, _) => drawn.Count(margin => margin > 0) / (double)drawn.Count)
            .Add("margin", rewards, rewards, (drawn, _) => drawn.Average())
            .Finish(evaluator.Loss(objective, measured.Examples, cancellation));
    }

    private protected override IReadOnlyList<PreferencePair> ReadFile(string file, TaskSection settings) => PreferencePair.Read(file);

    private IPairLoss LossOf(TaskSection settings) => name switch
    {
        "ipo" => new DirectPreferenceLoss(settings.Beta > 0 ? settings.Beta : 0.1, DirectPreferenceForm.Squared),
        "simpo" => new SimplePreferenceLoss(settings.Beta > 0 ? settings.Beta : 2, settings.Gamma),
        "orpo" => new OddsRatioLoss(settings.Lambda),
        _ => new DirectPreferenceLoss(settings.Beta > 0 ? settings.Beta : 0.1, settings.Form, settings.Errors),
    };
}
