using Coppice.Models;
using Coppice.Training.Objectives;

namespace Coppice.Adapters;

/// <summary>Supervised fine-tuning: what is answered to prompts or said by the assistant.</summary>
internal sealed class ConversationTask(string name, string summary, TemplateUse template) : AdaptTask<Conversation>
{
    /// <inheritdoc/>
    public override string Name => name;

    /// <inheritdoc/>
    public override string Summary => summary;

    internal override IReadOnlyList<string> Metrics => ["loss", "perplexity"];

    internal override IReadOnlyList<string> Reads => [nameof(TaskSection.PromptField), nameof(TaskSection.ResponseField), nameof(TaskSection.MessagesField)];

    internal override TemplateUse UsesTemplate(TaskSection settings) => template;

    internal override void Check(LanguageModel model) => model.RequireCausal("answer a prompt");

    internal override RenderedTask Render(TaskData data, TaskContext context, HeadDescription? head, bool training) =>
        SupervisedRendering.Render(Items(data), context.Tokenizer, context.Template, context.MaxTokens);

    internal override IObjective Objective(TaskData data, RenderedTask rendered, TaskContext context, HeadObjective? head) => new SupervisedObjective();

    internal override TaskMetrics Measure(TaskEvaluator evaluator, MeasuredTask measured, bool intervals, CancellationToken cancellation)
    {
        var answers = evaluator.Answers(measured.Examples, cancellation).SelectMany(example => example).ToList();
        return new TaskMetricsBuilder(intervals, cancellation)
            .Add("loss", answers, answers, (drawn, _) => Loss(drawn))
            .Add("perplexity", answers, answers, (drawn, _) => Math.Exp(Loss(drawn)))
            .Finish(Loss(answers));
    }

    private protected override IReadOnlyList<Conversation> ReadFile(string file, TaskSection settings) => Conversation.Read(
        file, new ConversationFields { Prompt = settings.PromptField, Response = settings.ResponseField, Messages = settings.MessagesField });

    /// <summary>The mean of a token: long answers count as many times.</summary>
    private static double Loss(IReadOnlyList<AnswerProbability> answers) => -answers.Sum(answer => answer.LogProbability) / answers.Sum(answer => (long)answer.Tokens);
}
