using Coppice.Foundation;
using Coppice.Tokenizers.Jinja;

namespace Coppice.Tokenizers.ChatTemplates;

/// <summary>
/// How a model that was trained on conversations wants them written: the Jinja template that comes with its tokenizer, rendered as transformers renders it.
/// Immutable and thread-safe.
/// </summary>
/// <remarks>
/// A template is a program from elsewhere. It sees the messages and the special tokens and nothing else, and its steps, the length of what it makes and the
/// depth of its calls are bounded.
/// </remarks>
public sealed class ChatTemplate
{
    private readonly JinjaTemplate _template;
    private readonly string _source;
    private readonly IReadOnlyDictionary<string, object?> _specialTokens;

    internal ChatTemplate(string name, string source, IReadOnlyDictionary<string, object?> specialTokens)
    {
        _template = JinjaTemplate.Parse(name, source);
        (_source, _specialTokens) = (source, specialTokens);
    }

    /// <summary>The token that ends a turn or text, as the tokenizer's configuration names it (<c>eos_token</c>); null where it names none.</summary>
    public string? EndOfText => _specialTokens.GetValueOrDefault("eos_token") as string;

    /// <summary>
    /// Reads the template of a model directory: <c>chat_template.jinja</c>, or else <c>chat_template</c> of <c>tokenizer_config.json</c>; of several under names,
    /// the one named <c>default</c>.
    /// </summary>
    /// <param name="directory">The model directory.</param>
    /// <returns>The template; null where there is none.</returns>
    /// <exception cref="CoppiceException">A file is damaged, or the template uses what is not supported: the message has file and line.</exception>
    public static ChatTemplate? Load(string directory) => ChatTemplateFiles.Read(directory) is (var name, var source, var tokens) ? new ChatTemplate(name, source, tokens) : null;

    /// <summary>The text of a model directory's template, whatever it uses: for whoever hands it on.</summary>
    /// <param name="directory">The model directory.</param>
    /// <returns>The template; null where there is none.</returns>
    /// <exception cref="CoppiceException">A file is damaged.</exception>
    public static string? SourceOf(string directory) => ChatTemplateFiles.Read(directory)?.Source;

    /// <summary>Reads a template.</summary>
    /// <param name="source">The template.</param>
    /// <param name="specialTokens">The special tokens that it may write, such as <c>bos_token</c>.</param>
    /// <param name="name">Its name, for messages.</param>
    /// <exception cref="CoppiceException">It is wrong, or uses what is not supported: the message has name and line.</exception>
    public static ChatTemplate Parse(string source, IReadOnlyDictionary<string, string> specialTokens, string name = "chat template") =>
        new(name, source, specialTokens.ToDictionary(pair => pair.Key, pair => (object?)pair.Value, StringComparer.Ordinal));

    /// <summary>A conversation as a text.</summary>
    /// <param name="messages">The messages.</param>
    /// <param name="addGenerationPrompt">Whether the beginning of the assistant's next turn follows.</param>
    /// <param name="now">The time that a template may ask for; null for the present.</param>
    /// <exception cref="CoppiceException">The template refuses the conversation (a usage error), fails, or takes more steps or characters than it may.</exception>
    public RenderedChat Render(IReadOnlyList<ChatMessage> messages, bool addGenerationPrompt = true, DateTimeOffset? now = null)
    {
        var variables = new Dictionary<string, object?>(_specialTokens, StringComparer.Ordinal)
        {
            ["messages"] = new JinjaList(messages.Select(message => new JinjaMap { ["role"] = message.Role, ["content"] = message.Content })),
            ["tools"] = null,
            ["documents"] = null,
            ["add_generation_prompt"] = addGenerationPrompt,
        };
        var (text, generated) = _template.Render(variables, now ?? DateTimeOffset.Now);
        return new RenderedChat(text, generated);
    }

    /// <summary>
    /// The tokens of a conversation. Special tokens are those that the template writes and no others: none is added around them, and one that is spelt in
    /// a message's content is plain text.
    /// </summary>
    /// <param name="tokenizer">The model's tokenizer.</param>
    /// <param name="messages">The messages.</param>
    /// <param name="addGenerationPrompt">Whether the beginning of the assistant's next turn follows.</param>
    /// <param name="now">The time that a template may ask for; null for the present.</param>
    /// <exception cref="CoppiceException">As <see cref="Render"/>.</exception>
    public int[] Encode(Tokenizer tokenizer, IReadOnlyList<ChatMessage> messages, bool addGenerationPrompt = true, DateTimeOffset? now = null)
    {
        var guard = new MessageGuard(tokenizer.SpecialTokens.Keys, _source, messages);
        var ids = new List<int>();
        tokenizer.EncodeWithStandIns(Render(guard.Messages, addGenerationPrompt, now).Text, guard.Characters, ids);
        return [.. ids];
    }
}
