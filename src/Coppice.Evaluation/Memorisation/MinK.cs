using Coppice.Foundation;

namespace Coppice.Evaluation;

/// <summary>
/// Scores that tell texts a model was trained on from others: those it wasn't trained on have a few tokens that surprise it. Higher means more
/// likely trained on.
/// </summary>
public static class MinK
{
    /// <summary>The share of tokens that the papers take.</summary>
    public const double DefaultShare = 0.2;

    /// <summary>Min-K%: the mean of the lowest log-probabilities.</summary>
    /// <param name="tokens">The scores of a text; at least one.</param>
    /// <param name="share">The share of tokens that are averaged, above 0 and at most 1; rounded up to whole tokens.</param>
    [Technique("min-k", Title = "Detecting Pretraining Data from Large Language Models", Paper = "arXiv:2310.16789")]
    public static double Score(IReadOnlyList<TokenScore> tokens, double share = DefaultShare) => MeanOfLowest(tokens.Select(token => token.LogProbability), share);

    /// <summary>
    /// Min-K%++: the mean of the lowest (log p - μ) / σ, how probable a token is against the others that the model held possible. Where the model
    /// holds all alike, or only one, possible, a token tells nothing and counts as 0.
    /// </summary>
    /// <param name="tokens">The scores of a text; at least one.</param>
    /// <param name="share">The share of tokens that are averaged, above 0 and at most 1; rounded up to whole tokens.</param>
    [Technique("min-k++", Title = "Min-K%++: Improved Baseline for Detecting Pre-Training Data from Large Language Models", Paper = "arXiv:2404.02936")]
    public static double Normalised(IReadOnlyList<TokenScore> tokens, double share = DefaultShare) =>
        MeanOfLowest(tokens.Select(token => token.Deviation > 0 ? (token.LogProbability - token.Mean) / token.Deviation : 0), share);

    private static double MeanOfLowest(IEnumerable<double> values, double share)
    {
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(share);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(share, 1);
        double[] sorted = [.. values];
        ArgumentOutOfRangeException.ThrowIfZero(sorted.Length, nameof(values));
        Array.Sort(sorted);
        // A product such as 0.1 · 30 lies a rounding error above the whole number.
        return sorted.Take((int)Math.Max(1, Math.Ceiling(share * sorted.Length - 1e-9))).Average();
    }
}
