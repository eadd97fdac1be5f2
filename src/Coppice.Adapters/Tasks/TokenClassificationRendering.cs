using Coppice.Evaluation;
using Coppice.Foundation;
using Coppice.Tokenizers;

namespace Coppice.Adapters;

/// <summary>Which token of a word carries its label.</summary>
public enum LabelledToken
{
    /// <summary>The one with its first letter: for encoders, which see the whole word from there.</summary>
    First,

    /// <summary>The one with its last letter: for decoders, which have seen the whole word only there.</summary>
    Last,
}

/// <summary>
/// Sentences with labelled words as documents with a label on one token of each word. A sentence that is too long becomes windows side by side, so that no label is lost
/// by that.
/// </summary>
public static class TokenClassificationRendering
{
    /// <summary>Renders sentences.</summary>
    /// <param name="sentences">The sentences.</param>
    /// <param name="labels">The labels of the training data.</param>
    /// <param name="tokenizer">The model's tokenizer.</param>
    /// <param name="maxTokens">The most tokens of a document: no more than the model's positions.</param>
    /// <param name="place">Which token of a word carries its label.</param>
    /// <param name="classWeights">What a word of each class counts [classes]; null for 1.</param>
    /// <exception cref="CoppiceException">A label never occurs in the training data, or there is nothing to learn.</exception>
    public static RenderedTask Render(
        IReadOnlyList<TaggedSentence> sentences, LabelSet labels, Tokenizer tokenizer, int maxTokens, LabelledToken place = LabelledToken.First, IReadOnlyList<float>? classWeights = null)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(maxTokens, 1);
        var builder = new RenderedTaskBuilder();
        for (var i = 0; i < sentences.Count; i++)
        {
            var where = FormattableString.Invariant($"sentence {i + 1}");
            var encoding = tokenizer.EncodeWithOffsets(sentences[i].Text, addSpecialTokens: false);
            var before = tokenizer.BeginOfText is null ? 0 : 1;
            List<int> tokens = [.. encoding.Ids];
            if (tokenizer.BeginOfText is { } begin) tokens.Insert(0, begin);
            if (tokenizer.EndOfText is { } end) tokens.Add(end);
            var (targets, weights) = (new int[tokens.Count], new float[tokens.Count]);
            foreach (var word in sentences[i].Words)
            {
                var label = labels.IndexOf(word.Tag, $"{where}, word '{word.Form}'");
                var row = TokenOf(word, encoding, place) + before;
                if (row < before || weights[row] > 0) builder.LoseLabels(1);
                else (targets[row], weights[row]) = (label, classWeights?[label] ?? 1);
            }

            var documents = new List<TaskDocument>();
            for (var start = 0; start < tokens.Count; start += maxTokens)
            {
                var window = start..Math.Min(tokens.Count, start + maxTokens);
                // Windows don't see each other: one without a label is of no use.
                if (weights[window].Any(weight => weight > 0)) documents.Add(new TaskDocument([.. tokens.Take(window)], targets[window], weights[window]));
            }

            if (documents.Count > 0) builder.Add(where, shortened: false, [.. documents]);
            else builder.PassOver();
        }

        return builder.Finish(maxTokens);
    }

    /// <summary>The number of the token that carries a word's label, without the tokens around the sentence; -1 where no token holds that letter.</summary>
    private static int TokenOf(TaggedWord word, TokenEncoding encoding, LabelledToken place)
    {
        var letter = place == LabelledToken.First ? word.Start : word.Start + word.Form.EnumerateRunes().Count() - 1;
        var (low, high) = (0, encoding.Offsets.Count);
        // Ends of tokens rise: the first one that ends behind the letter.
        while (low < high)
        {
            var middle = (low + high) / 2;
            if (encoding.Offsets[middle].End <= letter) low = middle + 1;
            else high = middle;
        }

        if (low == encoding.Offsets.Count || encoding.Offsets[low].Start > letter) return -1;
        // Of several tokens that share a character (bytes), the last one has seen it whole.
        while (place == LabelledToken.Last && low + 1 < encoding.Offsets.Count && encoding.Offsets[low + 1].Start <= letter) low++;
        return low;
    }
}
