using Coppice.Foundation;
using Coppice.Tokenizers;
using Coppice.Tokenizers.ChatTemplates;
using Coppice.Tokenizers.Training;

namespace Coppice.Adapters.Tests;

public sealed class SupervisedRenderingTests
{
    private const string ChatMl =
        "{% for message in messages %}{{'<|im_start|>' + message['role'] + '\\n' + message['content'] + '<|im_end|>' + '\\n'}}{% endfor %}{% if add_generation_prompt %}{{ '<|im_start|>assistant\\n' }}{% endif %}";

    private static readonly string Letters = new([.. Enumerable.Range(' ', 95).Select(code => (char)code), '\n']);

    // Ids: <s> 0, </s> 1, then the characters.
    private static readonly Tokenizer Plain = CharacterTrainer.Train([Letters], ["<s>", "</s>"]);

    private static readonly Tokenizer Chat = CharacterTrainer.Train([Letters], ["<s>", "<|im_start|>", "<|im_end|>"]);

    private static readonly ChatTemplate Template = ChatTemplate.Parse(ChatMl, new Dictionary<string, string>());

    [Fact]
    public void Only_the_response_and_its_end_have_targets()
    {
        var task = SupervisedRendering.Render([Conversation.Of("2+2=", "4.", "here")], Plain, template: null, maxTokens: 100);
        var document = Assert.Single(Assert.Single(task.Examples).Documents);
        Assert.Equal("<s>2+2=4.", Plain.Decode(document.Tokens, skipSpecialTokens: false));
        Assert.Equal("2+2=4.</s>", Plain.Decode(document.Targets, skipSpecialTokens: false));
        Assert.Equal([0f, 0f, 0f, 0f, 1f, 1f, 1f], document.Weights);
        Assert.Equal((7L, 3L, 0, 0), (task.Tokens, task.CountedTargets, task.Shortened, task.LeftOut));
    }

    [Fact]
    public void A_prompt_that_is_too_long_loses_its_beginning_and_an_answer_is_learned_whole_or_not_at_all()
    {
        Conversation[] data = [Conversation.Of("abcdef", "xy", "line 1"), Conversation.Of("a", "uvwxyz", "line 2"), Conversation.Of("ab", "z", "line 3")];
        var task = SupervisedRendering.Render(data, Plain, template: null, maxTokens: 5);
        Assert.Equal(["<s>efxy", "<s>abz"], task.Examples.Select(example => Plain.Decode(example.Documents[0].Tokens, skipSpecialTokens: false)));
        Assert.All(task.Examples, example => Assert.Equal((Plain.EndOfText!.Value, 1f), (example.Documents[0].Targets[^1], example.Documents[0].Weights[^1])));
        Assert.Equal((1, 1, "line 2"), (task.Shortened, task.LeftOut, task.FirstLeftOut));
        Assert.Contains("1 shortened; 1 left out as too long, the first: line 2", task.ToString(), StringComparison.Ordinal);
        var nothing = Assert.Throws<CoppiceException>(() => SupervisedRendering.Render(data[1..2], Plain, template: null, maxTokens: 5));
        Assert.Contains("none of the 1 examples fits into 5 tokens", nothing.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void In_a_chat_each_turn_of_the_assistant_is_learned_up_to_the_token_that_ends_it()
    {
        var task = SupervisedRendering.Render([Talk("hi", "hello", "and?", "bye", "unanswered")], Chat, Template, maxTokens: 1000);
        var document = Assert.Single(Assert.Single(task.Examples).Documents);
        Assert.Equal("hello<|im_end|>bye<|im_end|>", Counted(document));
        // What is read is what a chat shows the model, up to the last answer.
        Assert.Equal(Template.Encode(Chat, Talk("hi", "hello", "and?").Messages, addGenerationPrompt: true), document.Tokens.Take(Template.Encode(Chat, Talk("hi", "hello", "and?").Messages).Length));
        Assert.EndsWith("assistant\nbye", Chat.Decode(document.Tokens, skipSpecialTokens: false), StringComparison.Ordinal);
        Assert.Equal(Chat.SpecialTokens["<|im_end|>"], document.Targets[^1]);
    }

    [Fact]
    public void A_special_token_that_the_assistant_spells_is_text_and_ends_no_turn()
    {
        var task = SupervisedRendering.Render([Talk("hi", "say <|im_end|>!")], Chat, Template, maxTokens: 1000);
        var document = task.Examples[0].Documents[0];
        Assert.Equal("say <|im_end|>!<|im_end|>", Counted(document));
        // The first one that is learned as a token is the last of all.
        var learned = Learned(document);
        Assert.Equal(learned.Length - 1, Array.IndexOf(learned, Chat.SpecialTokens["<|im_end|>"]));
    }

    [Fact]
    public void A_chat_that_is_too_long_loses_its_last_turns()
    {
        var whole = SupervisedRendering.Render([Talk("hi", "hello", "and?", "bye")], Chat, Template, 1000).Examples[0].Documents[0];
        var task = SupervisedRendering.Render([Talk("hi", "hello", "and?", "bye")], Chat, Template, whole.Tokens.Length - 1);
        Assert.Equal("hello<|im_end|>", Counted(task.Examples[0].Documents[0]));
        Assert.Equal((1, 0), (task.Shortened, task.LeftOut));
        Assert.Equal(0, SupervisedRendering.Render([Talk("hi", "hello", "and?", "bye")], Chat, Template, whole.Tokens.Length).Shortened);
    }

    [Theory]
    [InlineData("{{ messages[0].content }}", "doesn't show what the assistant says in message 2")]
    [InlineData("{% for m in messages %}{{ m.content }} of {{ messages | length }}<|im_end|>{% endfor %}", "doesn't show what the assistant says in message 2")]
    [InlineData("{% for m in messages %}{{ m.role }}: {{ m.content }}\n{% endfor %}", "no special token behind what the assistant says")]
    [InlineData("{{ raise_exception('no') }}", "no")]
    public void A_template_that_hides_the_answers_is_refused_with_the_conversations_place(string template, string message)
    {
        var error = Assert.Throws<CoppiceException>(() => SupervisedRendering.Render([Talk("hi", "hello")], Chat, ChatTemplate.Parse(template, new Dictionary<string, string>()), 1000));
        Assert.StartsWith("talk.jsonl, line 1: ", error.Message, StringComparison.Ordinal);
        Assert.Contains(message, error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void What_can_not_be_learned_is_refused_before_training()
    {
        var noTemplate = Assert.Throws<CoppiceException>(() => SupervisedRendering.Render([Talk("hi", "hello", "and?", "bye")], Plain, template: null, 100));
        Assert.Contains("the model has no chat template", noTemplate.Message, StringComparison.Ordinal);
        var endless = CharacterTrainer.Train([Letters]);
        Assert.Contains("no token that ends a text", Assert.Throws<CoppiceException>(() => SupervisedRendering.Render([Conversation.Of("a", "b", "here")], endless, null, 100)).Message, StringComparison.Ordinal);
        var first = new Conversation([new ChatMessage("assistant", "hello")], "here");
        Assert.Contains("it answers nothing", Assert.Throws<CoppiceException>(() => SupervisedRendering.Render([first], Chat, Template, 100)).Message, StringComparison.Ordinal);
        Assert.Throws<CoppiceException>(() => SupervisedRendering.Render([], Plain, null, 100));
    }

    private static Conversation Talk(params string[] contents) =>
        new([.. contents.Select((content, i) => new ChatMessage(i % 2 == 0 ? "user" : "assistant", content))], "talk.jsonl, line 1");

    private static string Counted(TaskDocument document) => Chat.Decode(Learned(document), skipSpecialTokens: false);

    private static int[] Learned(TaskDocument document) => [.. document.Targets.Where((_, place) => document.Weights[place] > 0)];
}
