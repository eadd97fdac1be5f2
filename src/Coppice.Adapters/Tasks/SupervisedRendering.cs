using Coppice.Foundation;
using Coppice.Tokenizers;
using Coppice.Tokenizers.ChatTemplates;

namespace Coppice.Adapters;

/// <summary>
/// Conversations as documents for supervised fine-tuning: what the assistant says has a target, and so has the token that ends it; what others say has none. With a chat
/// template, the tokens are those that the model sees in a chat; without one, a prompt and its response follow each other.
/// </summary>
public static class SupervisedRendering
{
    /// <summary>Renders conversations.</summary>
    /// <param name="conversations">The conversations.</param>
    /// <param name="tokenizer">The model's tokenizer.</param>
    /// <param name="template">The model's chat template; null where it has none.</param>
    /// <param name="maxTokens">
    /// The most tokens of a document: no more than the model's positions. A prompt that is too long loses its beginning, a chat its last turns; an answer is learned as
    /// a whole with its end, or not at all.
    /// </param>
    /// <param name="now">The time that a template may ask for; null for the present.</param>
    /// <exception cref="CoppiceException">
    /// There is nothing to learn, the tokenizer has no end token, a conversation needs a template, or the template refuses it or doesn't show what the assistant says.
    /// </exception>
    public static RenderedTask Render(IReadOnlyList<Conversation> conversations, Tokenizer tokenizer, ChatTemplate? template, int maxTokens, DateTimeOffset? now = null)
    {
        var builder = new RenderedTaskBuilder();
        var time = now ?? DateTimeOffset.Now;
        foreach (var conversation in conversations)
        {
            var document = template is null
                ? Plain(conversation, tokenizer, maxTokens, out var shortened)
                : Chat(conversation, tokenizer, template, maxTokens, time, out shortened);
            if (document is null) builder.LeaveOut(conversation.Where);
            else builder.Add(conversation.Where, shortened, document);
        }

        return builder.Finish(maxTokens);
    }

    /// <summary>The token that ends a text, which every answer ends with: without it, a model would never learn to stop.</summary>
    /// <param name="tokenizer">The tokenizer.</param>
    /// <exception cref="CoppiceException">It has none.</exception>
    internal static int EndOf(ITokenizer tokenizer) =>
        tokenizer.EndOfText ?? throw new CoppiceException("the tokenizer has no token that ends a text, so that a model can't learn to stop after its answer");

    private static TaskDocument? Plain(Conversation conversation, Tokenizer tokenizer, int maxTokens, out bool shortened)
    {
        if (conversation.Messages is not [{ Role: Conversation.User } prompt, { Role: Conversation.Assistant } response])
            throw CoppiceException.Usage($"{conversation.Where}: the model has no chat template, so that it can learn a prompt with one response, and this is another conversation");
        var frame = new TextFrame(tokenizer);
        List<int> answer = [.. frame.Encode(response.Content), EndOf(tokenizer)];
        return AnswerDocument.Of(tokenizer.BeginOfText, frame.Encode(prompt.Content), answer, maxTokens, out shortened);
    }

    private static TaskDocument? Chat(Conversation conversation, Tokenizer tokenizer, ChatTemplate template, int maxTokens, DateTimeOffset now, out bool shortened)
    {
        try
        {
            // What comes behind the assistant's last turn is answered by nobody.
            var last = conversation.Messages.Count;
            while (last > 0 && conversation.Messages[last - 1].Role != Conversation.Assistant) last--;
            if (last == 0) throw new CoppiceException("no message is the assistant's: there is nothing to learn");
            var turns = new ChatTurns(tokenizer, template, [.. conversation.Messages.Take(last)], now);
            List<(int Start, int End)> fitting = [.. turns.Spans.Where(span => span.End <= maxTokens + 1)];
            shortened = fitting.Count < turns.Spans.Count;
            return fitting.Count == 0 ? null : AnswerDocument.OfSpans(turns.Tokens[..fitting[^1].End], fitting);
        }
        catch (CoppiceException error)
        {
            throw new CoppiceException($"{conversation.Where}: {error.Message}", error.ExitCode, error);
        }
    }
}
