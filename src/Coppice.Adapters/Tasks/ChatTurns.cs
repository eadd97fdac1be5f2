using Coppice.Foundation;
using Coppice.Tokenizers;
using Coppice.Tokenizers.ChatTemplates;

namespace Coppice.Adapters;

/// <summary>
/// Which tokens of a rendered conversation are the assistant's: those behind what the template writes when it is the assistant's turn, up to the special token that ends
/// the turn. No mark in the template is needed, only that it writes what came before a turn the same, whatever follows.
/// </summary>
/// <remarks>Where a token spans the beginning of a turn, it counts as the turn's.</remarks>
internal sealed class ChatTurns
{
    private readonly Tokenizer _tokenizer;
    private readonly ChatTemplate _template;
    private readonly ChatMessage[] _messages;
    private readonly DateTimeOffset _now;
    private readonly string _text;
    private readonly List<(int Start, int End)> _spans = [];

    /// <summary>Renders a conversation.</summary>
    /// <param name="tokenizer">The model's tokenizer.</param>
    /// <param name="template">The model's chat template.</param>
    /// <param name="messages">The messages, of which the last is the assistant's.</param>
    /// <param name="now">The time that a template may ask for.</param>
    /// <exception cref="CoppiceException">The template refuses the conversation or doesn't show what the assistant says.</exception>
    public ChatTurns(Tokenizer tokenizer, ChatTemplate template, ChatMessage[] messages, DateTimeOffset now)
    {
        (_tokenizer, _template, _messages, _now) = (tokenizer, template, messages, now);
        _text = template.Render(messages, addGenerationPrompt: false, now).Text;
        Tokens = template.Encode(tokenizer, messages, addGenerationPrompt: false, now);
        var special = tokenizer.SpecialTokens.Values.ToHashSet();
        for (var i = 0; i < messages.Length; i++)
        {
            if (messages[i].Role == Conversation.Assistant) _spans.Add(SpanOf(i, special));
        }
    }

    /// <summary>The tokens of the conversation.</summary>
    public int[] Tokens { get; }

    /// <summary>The assistant's turns: each from a token up to but without another, the token that ends the turn included.</summary>
    public IReadOnlyList<(int Start, int End)> Spans => _spans;

    private (int Start, int End) SpanOf(int message, HashSet<int> special)
    {
        if (message == 0) throw new CoppiceException("the first message is the assistant's, and it answers nothing");
        var start = TokensThrough(message, message, addGenerationPrompt: true);
        var end = TokensThrough(message + 1, message, addGenerationPrompt: false);
        if (start == 0 || end <= start) throw Hidden(message);
        for (var i = end - 1; i >= start; i--)
        {
            if (special.Contains(Tokens[i])) return (start, i + 1);
        }

        throw new CoppiceException("the chat template writes no special token behind what the assistant says, so that a model can't learn to stop");
    }

    /// <summary>How many tokens of the conversation its first messages are.</summary>
    private int TokensThrough(int messages, int turn, bool addGenerationPrompt)
    {
        var first = _messages[..messages];
        if (!_text.StartsWith(_template.Render(first, addGenerationPrompt, _now).Text, StringComparison.Ordinal)) throw Hidden(turn);
        return Tokens.AsSpan().CommonPrefixLength(_template.Encode(_tokenizer, first, addGenerationPrompt, _now));
    }

    private static CoppiceException Hidden(int message) => CoppiceException.Usage(FormattableString.Invariant(
        $"the chat template doesn't show what the assistant says in message {message + 1}: it leaves it out, or writes what came before differently once it is answered"));
}
