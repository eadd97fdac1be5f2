using Coppice.Evaluation;
using Coppice.Foundation;
using Coppice.Tokenizers;

namespace Coppice.Adapters;

/// <summary>
/// Labelled texts and pairs of texts as documents whose label stands on their last token. A pair is one document: the tokenizer's end token parts the texts. A text that
/// is too long loses its end.
/// </summary>
public static class ClassificationRendering
{
    /// <summary>Texts with classes.</summary>
    /// <param name="texts">The texts.</param>
    /// <param name="labels">The labels of the training data.</param>
    /// <param name="tokenizer">The model's.</param>
    /// <param name="maxTokens">The most tokens of a document: no more than the model's positions.</param>
    /// <param name="classWeights">What an example of each class counts [classes]; null for 1.</param>
    /// <exception cref="CoppiceException">A label never occurs in the training data, or there is nothing to learn.</exception>
    public static RenderedTask Classes(IReadOnlyList<LabelledText> texts, LabelSet labels, ITokenizer tokenizer, int maxTokens, IReadOnlyList<float>? classWeights = null) =>
        Render(texts, tokenizer, maxTokens, text =>
        {
            var label = labels.IndexOf(text.Label, text.Where);
            return (label, classWeights?[label] ?? 1);
        });

    /// <summary>Texts with numbers, for regression. The targets are <see cref="NumberTarget"/>s.</summary>
    /// <param name="texts">The texts.</param>
    /// <param name="tokenizer">The model's.</param>
    /// <param name="maxTokens">The most tokens of a document: no more than the model's positions.</param>
    /// <exception cref="CoppiceException">A label is no number, or there is nothing to learn.</exception>
    public static RenderedTask Numbers(IReadOnlyList<LabelledText> texts, ITokenizer tokenizer, int maxTokens) =>
        Render(texts, tokenizer, maxTokens, text => (NumberTarget.Of(text.Number()), 1));

    /// <summary>
    /// Questions with answers to choose from: a document for each answer, prompt and answer together. The target of each is its number among the answers, and only the
    /// right one's counts, so that a question counts once. Where a document is too long, the prompt loses its beginning.
    /// </summary>
    /// <param name="items">The questions.</param>
    /// <param name="tokenizer">The model's.</param>
    /// <param name="maxTokens">The most tokens of a document: no more than the model's positions.</param>
    /// <exception cref="CoppiceException">There is nothing to learn.</exception>
    public static RenderedTask Choices(IReadOnlyList<MultipleChoiceItem> items, ITokenizer tokenizer, int maxTokens)
    {
        var (frame, builder) = (new TextFrame(tokenizer), new RenderedTaskBuilder());
        for (var i = 0; i < items.Count; i++)
        {
            var where = FormattableString.Invariant($"question {i + 1}");
            var (prompt, answers) = (frame.Encode(items[i].Prompt), new List<int>[items[i].Choices.Count]);
            for (var choice = 0; choice < answers.Length; choice++)
            {
                answers[choice] = frame.Encode(items[i].Choices[choice]);
                if (tokenizer.EndOfText is { } end) answers[choice].Add(end);
            }

            // All answers are read with the same part of the prompt.
            var room = maxTokens - answers.Max(answer => answer.Count) - (tokenizer.BeginOfText is null ? 0 : 1);
            var kept = Math.Min(room, prompt.Count);
            if (room < 0 || kept + answers.Min(answer => answer.Count) == 0)
            {
                builder.LeaveOut(where);
                continue;
            }

            List<int> before = tokenizer.BeginOfText is { } begin ? [begin] : [];
            before.AddRange(prompt.GetRange(prompt.Count - kept, kept));
            var right = items[i].Answer;
            builder.Add(where, kept < prompt.Count, [.. answers.Select((answer, choice) => TaskDocument.Labelled([.. before, .. answer], choice, choice == right ? 1 : 0))]);
        }

        return builder.Finish(maxTokens);
    }

    private static RenderedTask Render(IReadOnlyList<LabelledText> texts, ITokenizer tokenizer, int maxTokens, Func<LabelledText, (int Target, float Weight)> label)
    {
        var (frame, builder) = (new TextFrame(tokenizer), new RenderedTaskBuilder());
        foreach (var text in texts)
        {
            var (target, weight) = label(text);
            var (tokens, shortened) = frame.Around(text.Text, text.Pair, maxTokens, text.Where);
            builder.Add(text.Where, shortened, TaskDocument.Labelled(tokens, target, weight));
        }

        return builder.Finish(maxTokens);
    }
}
