using Coppice.Foundation;

namespace Coppice.Evaluation;

/// <summary>How many texts a model continues word for word.</summary>
/// <param name="Documents">Texts that were long enough.</param>
/// <param name="Exact">Of which the greedy continuation of the prompt is the text's own.</param>
/// <param name="LongestRun">The most tokens one after the other, in any of the continuations, that were the model's first choice given the text before them.</param>
/// <param name="TooShort">Texts with fewer tokens than prompt and continuation.</param>
public sealed record ContinuationScore(int Documents, int Exact, int LongestRun, int TooShort)
{
    /// <summary>The share that is continued exactly; null without documents.</summary>
    public double? Share => Documents > 0 ? (double)Exact / Documents : null;
}

/// <summary>
/// Verbatim memory: a text is memorised if its first tokens as a prompt make the model write the following ones. Some texts anyone would continue
/// rightly (licences, tables): the share of trained documents less that of held-out ones is what training left behind.
/// </summary>
[Technique("exact-continuation", Title = "Quantifying Memorization Across Neural Language Models", Paper = "arXiv:2202.07646")]
public static class ExactContinuation
{
    /// <summary>Measures texts.</summary>
    /// <param name="scorer">Scores their tokens.</param>
    /// <param name="texts">The texts.</param>
    /// <param name="promptTokens">Tokens of the prompt, the begin-of-text token included.</param>
    /// <param name="continuationTokens">Tokens that have to follow.</param>
    /// <param name="cancellationToken">Ends it between two texts.</param>
    /// <exception cref="CoppiceException">The model's context is shorter than prompt and continuation, a token is outside its vocabulary, or its numbers are not finite.</exception>
    public static ContinuationScore Measure(
        TokenScorer scorer, IEnumerable<TokenSequence> texts, int promptTokens = 32, int continuationTokens = 50, CancellationToken cancellationToken = default)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(promptTokens, 1);
        ArgumentOutOfRangeException.ThrowIfLessThan(continuationTokens, 1);
        var length = promptTokens + continuationTokens;
        // The last token is only predicted.
        if (length - 1 > scorer.Context)
            throw new CoppiceException(FormattableString.Invariant($"A prompt of {promptTokens} tokens and a continuation of {continuationTokens} don't fit the model's context of {scorer.Context}: take shorter ones."));
        var (documents, exact, longest, tooShort) = (0, 0, 0, 0);
        foreach (var scores in scorer.Score(LongEnough(), cancellationToken))
        {
            documents++;
            // One pass over the text does for decoding. By induction: as long as every token so far was the model's first choice, greedy decoding
            // has written the text itself, and so sees what the pass sees; at the first that was not, both know that the texts differ.
            var (run, longestHere) = (0, 0);
            for (var i = promptTokens - 1; i < scores.Count; i++)
            {
                run = scores[i].IsGreedy ? run + 1 : 0;
                longestHere = Math.Max(longestHere, run);
            }

            if (longestHere == continuationTokens) exact++;
            longest = Math.Max(longest, longestHere);
        }

        return new ContinuationScore(documents, exact, longest, tooShort);

        IEnumerable<TokenSequence> LongEnough()
        {
            foreach (var text in texts)
            {
                if (text.Tokens.Length >= length) yield return text with { Tokens = text.Tokens[..length] };
                else tooShort++;
            }
        }
    }
}
