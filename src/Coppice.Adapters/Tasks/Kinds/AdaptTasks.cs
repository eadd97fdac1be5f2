using Coppice.Foundation;

namespace Coppice.Adapters;

/// <summary>The tasks by their names.</summary>
public static class AdaptTasks
{
    private static readonly Dictionary<string, AdaptTask> ByName = new AdaptTask[]
    {
        new ConversationTask("sft", "answers to prompts", TemplateUse.Never),
        new ConversationTask("chat", "what the assistant says in conversations, by the model's chat template", TemplateUse.Always),
        new ClassificationTask("classification", "the class of a text", pairs: false),
        new ClassificationTask("pairs", "the class of a pair of texts", pairs: true),
        new WordsTask(),
        new RegressionTask(),
        new ChoiceTask(),
        new PreferenceTask("dpo", "the better of two answers: direct preference optimisation", nameof(TaskSection.Beta), nameof(TaskSection.Form), nameof(TaskSection.Errors)),
        new PreferenceTask("ipo", "the better of two answers: identity preference optimisation", nameof(TaskSection.Beta)),
        new PreferenceTask("simpo", "the better of two answers without a reference: simple preference optimisation", nameof(TaskSection.Beta), nameof(TaskSection.Gamma)),
        new PreferenceTask("orpo", "the better of two answers and how to answer at once: odds ratio preference optimisation", nameof(TaskSection.Lambda)),
        new JudgedTask(),
        new ConditionalTask(),
    }.ToDictionary(task => task.Name, StringComparer.Ordinal);

    /// <summary>All tasks.</summary>
    public static IReadOnlyCollection<AdaptTask> All => ByName.Values;

    /// <summary>A task.</summary>
    /// <param name="name">Its name.</param>
    /// <exception cref="CoppiceException">There is none of that name (exit code 2).</exception>
    public static AdaptTask Find(string name) => ByName.TryGetValue(name, out var task)
        ? task
        : throw CoppiceException.Usage((name.Length == 0 ? "there is no task: name one by --task or task.name" : $"unknown task '{name}'{NearestName.Hint(name, ByName.Keys)}") + $" (known: {string.Join(", ", ByName.Keys)})");
}
