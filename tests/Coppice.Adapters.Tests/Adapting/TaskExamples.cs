using Coppice.Evaluation;
using Coppice.Models;
using Coppice.Models.Tests;
using Coppice.Tensors;
using Coppice.Testing;
using Coppice.Tokenizers;
using Coppice.Tokenizers.ChatTemplates;
using Coppice.Tokenizers.Training;

namespace Coppice.Adapters.Tests;

/// <summary>Small tasks that a tiny model can learn, and the model directories that they are learned on.</summary>
internal static class TaskExamples
{
    public static Tokenizer Characters { get; } = CharacterTrainer.Train(["abcdefghijklmnopqrstuvwxyz .:"], ["<s>", "</s>"]);

    public static ChatTemplate Template { get; } = ChatTemplate.Parse(
        "{% for message in messages %}{{ message['role'][0] + ': ' + message['content'] + '</s>' }}{% endfor %}{% if add_generation_prompt %}{{ 'a: ' }}{% endif %}", new Dictionary<string, string>());

    /// <summary>Texts whose last letter is their class.</summary>
    public static TaskData Texts(int count, int first = 0) => new TaskData<LabelledText>([.. Enumerable.Range(first, count).Select(i => Text(i, i % 2 == 0 ? "yes" : "no"))]);

    /// <summary>Examples of any task.</summary>
    public static TaskData Of(string task, int count = 12) => task switch
    {
        "classification" => Texts(count),
        "pairs" => new TaskData<LabelledText>([.. Enumerable.Range(0, count).Select(i => Text(i, i % 2 == 0 ? "same" : "other") with { Pair = i % 2 == 0 ? "ab" : "cd" })]),
        "regression" => new TaskData<LabelledText>([.. Enumerable.Range(0, count).Select(i => Text(i, i % 2 == 0 ? "100" : "250.5"))]),
        "choice" => new TaskData<MultipleChoiceItem>([.. Enumerable.Range(0, count).Select(i => new MultipleChoiceItem(Letters(i), i % 2 == 0 ? ["xa", "yb", "c"] : ["b", "xa"], i % 2))]),
        "tokens" => new TaskData<TaggedSentence>([.. Enumerable.Range(0, count).Select(i => new TaggedSentence("ab cd", [new TaggedWord("ab", 0, "B-X"), new TaggedWord("cd", 3, "O")]))]),
        "sft" or "chat" => new TaskData<Conversation>([.. Enumerable.Range(0, count).Select(i => Conversation.Of(Letters(i), i % 2 == 0 ? "yes" : "no", "here"))]),
        "kto" => new TaskData<JudgedAnswer>([.. Enumerable.Range(0, count).Select(i => new JudgedAnswer(Letters(i), i % 2 == 0 ? "yes" : "no", i % 2 == 0, "here"))]),
        _ => new TaskData<PreferencePair>([.. Enumerable.Range(0, count).Select(i => new PreferencePair(Letters(i), "yes", "no", "here"))]),
    };

    public static AdaptBase Base(Backend backend, string architecture = "llama", bool trainable = false) =>
        new(TinyModels.Create(architecture, backend, positions: 32, trainable: trainable), Characters, Template);

    public static AdaptRecipe Recipe(string task, string method, params string[] keys) => AdaptRecipe.Parse(
        "", overrides: [$"task.name={task}", $"adapter.method={method}", "training.batch_size=4", "training.batch_tokens=40", "training.epochs=2", "optimizer.learning_rate=0.01", .. keys]);

    /// <summary>A model directory.</summary>
    public static string Directory(TemporaryFolder folder, Backend backend, string architecture = "llama", string name = "base", ulong seed = 1)
    {
        var directory = folder.At(name);
        using var model = TinyModels.Create(architecture, backend, positions: 32, seed: seed);
        ModelDirectory.Save(directory, model);
        TokenizerFiles.Write(Characters, directory, 32);
        return directory;
    }

    private static LabelledText Text(int i, string label) => new(Letters(i) + (i % 2 == 0 ? 'a' : 'b'), null, label, FormattableString.Invariant($"line {i + 1}"));

    private static string Letters(int i) => string.Concat(Enumerable.Range(0, 2 + i % 3).Select(k => (char)('c' + (3 * i + 7 * k) % 20)));
}
