using Coppice.Foundation;
using Coppice.Tokenizers;
using Coppice.Tokenizers.ChatTemplates;

namespace Coppice.Adapters;

/// <summary>
/// Preferences as documents: two for an example, each a prompt with an answer. Tokens of answers, and the one that ends them, have a weight other than 0: 1 on the last
/// token of the first document, so that an example counts once, and -1 elsewhere.
/// </summary>
public static class PreferenceRendering
{
    /// <summary>Pairs of answers: the better one's document, then the worse one's.</summary>
    /// <param name="pairs">The pairs.</param>
    /// <param name="tokenizer">The model's tokenizer.</param>
    /// <param name="template">The model's chat template; null where it has none.</param>
    /// <param name="maxTokens">The most tokens of a document. A longer prompt loses its beginning, in both documents alike; a longer chat is left out.</param>
    /// <exception cref="CoppiceException">There is nothing to learn, the tokenizer has no end token, or the template doesn't show what the assistant says.</exception>
    public static RenderedTask Pairs(IReadOnlyList<PreferencePair> pairs, Tokenizer tokenizer, ChatTemplate? template, int maxTokens) =>
        Render(pairs.Count, i => (pairs[i].Prompt, pairs[i].Chosen, pairs[i].Rejected, pairs[i].Where), tokenizer, template, maxTokens);

    /// <summary>Answers that were judged one by one: the answer's document, then one with the next example's answer after the same prompt, by which chance is
    /// measured. Whether an example's answer is desirable is found by its <see cref="TaskExample.Number"/>.</summary>
    /// <param name="answers">The answers; at least two.</param>
    /// <param name="tokenizer">The model's tokenizer.</param>
    /// <param name="template">The model's chat template; null where it has none.</param>
    /// <param name="maxTokens">As for pairs.</param>
    /// <exception cref="CoppiceException">There is a single answer, or as for pairs.</exception>
    public static RenderedTask Judged(IReadOnlyList<JudgedAnswer> answers, Tokenizer tokenizer, ChatTemplate? template, int maxTokens)
    {
        if (answers.Count == 1) throw new CoppiceException($"{answers[0].Where}: a single judged answer has no other to be compared with: give at least two");
        return Render(answers.Count, i => (answers[i].Prompt, answers[i].Answer, answers[(i + 1) % answers.Count].Answer, answers[i].Where), tokenizer, template, maxTokens);
    }

    private static RenderedTask Render(int count, Func<int, (string Prompt, string First, string Second, string Where)> example, Tokenizer tokenizer, ChatTemplate? template, int maxTokens)
    {
        var builder = new RenderedTaskBuilder();
        for (var i = 0; i < count; i++)
        {
            var (prompt, first, second, where) = example(i);
            var documents = template is null
                ? Plain(prompt, first, second, tokenizer, maxTokens, out var shortened)
                : Chat(prompt, first, second, where, tokenizer, template, maxTokens, out shortened);
            if (documents is null) builder.LeaveOut(where);
            else builder.Add(where, shortened, Marked(documents[0], counts: true), Marked(documents[1], counts: false));
        }

        return builder.Finish(maxTokens);
    }

    private static TaskDocument[]? Plain(string prompt, string first, string second, Tokenizer tokenizer, int maxTokens, out bool shortened)
    {
        var (frame, end) = (new TextFrame(tokenizer), SupervisedRendering.EndOf(tokenizer));
        List<int> asked = frame.Encode(prompt), better = [.. frame.Encode(first), end], worse = [.. frame.Encode(second), end];
        var room = maxTokens + 1 - Math.Max(better.Count, worse.Count) - (tokenizer.BeginOfText is null ? 0 : 1);
        shortened = room < asked.Count;
        if (shortened) asked = asked.GetRange(asked.Count - Math.Max(0, room), Math.Max(0, room));
        if (asked.Count == 0) return null;
        return [AnswerDocument.Of(tokenizer.BeginOfText, asked, better, maxTokens, out _)!, AnswerDocument.Of(tokenizer.BeginOfText, asked, worse, maxTokens, out _)!];
    }

    private static TaskDocument[]? Chat(string prompt, string first, string second, string where, Tokenizer tokenizer, ChatTemplate template, int maxTokens, out bool shortened)
    {
        shortened = false;
        var rendered = SupervisedRendering.Render([Conversation.Of(prompt, first, where), Conversation.Of(prompt, second, where)], tokenizer, template, int.MaxValue - 1);
        TaskDocument[] documents = [.. rendered.Examples.Select(example => example.Documents[0])];
        return documents.All(document => document.Tokens.Length <= maxTokens) ? documents : null;
    }

    private static TaskDocument Marked(TaskDocument document, bool counts)
    {
        float[] weights = [.. document.Weights.Select(weight => weight > 0 ? -1f : 0f)];
        // The end of the answer is the last target of all.
        if (counts) weights[^1] = 1;
        return document with { Weights = weights };
    }
}
