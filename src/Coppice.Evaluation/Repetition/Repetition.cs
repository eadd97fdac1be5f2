using Coppice.Foundation;

namespace Coppice.Evaluation;

/// <summary>How repetitive texts are. Compared between parent and child on the same prompts, with human text beside them.</summary>
/// <param name="Sequences">Number of texts that are long enough to have an n-gram.</param>
/// <param name="Short">Number of texts that are not; they are in none of the other numbers but <paramref name="DistinctTokens"/>.</param>
/// <param name="Repeated">seq-rep-n, the mean over the texts of the share of n-grams that occurred before; null without texts.</param>
/// <param name="DistinctTokens">uniq-seq: different tokens in all texts together.</param>
public sealed record RepetitionScore(int Sequences, int Short, double? Repeated, int DistinctTokens);

/// <summary>Measures of repetition on token sequences, wherever they come from: generated, or written by people.</summary>
[Technique("seq-rep", Title = "Neural Text Generation with Unlikelihood Training", Paper = "arXiv:1908.04319")]
public static class Repetition
{
    /// <summary>Measures texts.</summary>
    /// <param name="texts">The tokens of each text, without its prompt.</param>
    /// <param name="n">Tokens of an n-gram.</param>
    public static RepetitionScore Measure(IEnumerable<IReadOnlyList<int>> texts, int n = 4)
    {
        var (sequences, tooShort, sum) = (0, 0, 0.0);
        var distinct = new HashSet<int>();
        foreach (var text in texts)
        {
            distinct.UnionWith(text);
            if (RepeatedShare([.. text], n) is { } share) (sequences, sum) = (sequences + 1, sum + share);
            else tooShort++;
        }

        return new RepetitionScore(sequences, tooShort, sequences > 0 ? sum / sequences : null, distinct.Count);
    }

    /// <summary>seq-rep-n: 1 - distinct n-grams / n-grams.</summary>
    /// <param name="tokens">The tokens of a text.</param>
    /// <param name="n">Tokens of an n-gram, at least 1.</param>
    /// <returns>From 0 (none occurs twice) towards 1; null for a text of fewer than n tokens.</returns>
    public static double? RepeatedShare(ReadOnlySpan<int> tokens, int n)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(n, 1);
        var count = tokens.Length - n + 1;
        if (count < 1) return null;
        // Sorted, equal n-grams lie side by side: exact, unlike a hash, and without an object for each.
        var text = tokens.ToArray();
        int[] starts = [.. Enumerable.Range(0, count)];
        Array.Sort(starts, Compare);
        var distinct = 1;
        for (var i = 1; i < count; i++) distinct += Compare(starts[i - 1], starts[i]) == 0 ? 0 : 1;
        return 1 - (double)distinct / count;

        int Compare(int a, int b) => text.AsSpan(a, n).SequenceCompareTo(text.AsSpan(b, n));
    }

    /// <summary>
    /// rep/ℓ and wrep/ℓ: the share of a model's first choices that occur among the ℓ tokens before them, and of those that do and are wrong.
    /// </summary>
    /// <param name="scores">What the model says about a text; see <see cref="TokenScorer"/>.</param>
    /// <param name="window">ℓ, at least 1: the papers take 16, 32, 128 and 512. The text's given first token is not looked at.</param>
    /// <returns>The shares; null for a text without a token before another.</returns>
    public static (double Repeated, double WronglyRepeated)? OfChoices(IReadOnlyList<TokenScore> scores, int window)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(window, 1);
        if (scores.Count < 2) return null;
        var (repeated, wrongly) = (0, 0);
        for (var i = 1; i < scores.Count; i++)
        {
            var occurs = false;
            for (var j = Math.Max(0, i - window); j < i && !occurs; j++) occurs = scores[j].Token == scores[i].Argmax;
            if (!occurs) continue;
            repeated++;
            if (!scores[i].IsGreedy) wrongly++;
        }

        return ((double)repeated / (scores.Count - 1), (double)wrongly / (scores.Count - 1));
    }

    /// <summary>uniq: how many different tokens are a model's first choice somewhere.</summary>
    /// <param name="texts">What the model says about some texts.</param>
    public static int DistinctChoices(IEnumerable<IReadOnlyList<TokenScore>> texts) => texts.SelectMany(text => text).Select(score => score.Argmax).Distinct().Count();
}
