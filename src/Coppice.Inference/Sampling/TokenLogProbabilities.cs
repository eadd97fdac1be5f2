namespace Coppice.Inference;

/// <summary>A token and how probable the model held it.</summary>
/// <param name="Token">The token.</param>
/// <param name="LogProbability">The natural logarithm of its probability.</param>
public readonly record struct TokenLogProbability(int Token, double LogProbability);

/// <summary>A drawn token, and the most probable ones in its place, under the model's own distribution: before temperature, penalties and cuts.</summary>
/// <param name="Token">The token that was drawn.</param>
/// <param name="LogProbability">The natural logarithm of its probability.</param>
/// <param name="Top">The most probable tokens, the most probable first; as many as were asked for.</param>
public sealed record TokenLogProbabilities(int Token, double LogProbability, IReadOnlyList<TokenLogProbability> Top)
{
    /// <summary>Reads them from logits.</summary>
    /// <param name="logits">[vocabulary], all finite.</param>
    /// <param name="token">The token that was drawn.</param>
    /// <param name="top">How many of the most probable tokens; of equally probable ones the first.</param>
    internal static TokenLogProbabilities Of(ReadOnlySpan<float> logits, int token, int top)
    {
        var logTotal = LogTotal(logits);
        var best = new List<TokenLogProbability>(top + 1);
        for (var i = 0; i < logits.Length && top > 0; i++)
        {
            var logProbability = logits[i] - logTotal;
            if (best.Count == top && logProbability <= best[^1].LogProbability) continue;
            var place = best.Count;
            while (place > 0 && best[place - 1].LogProbability < logProbability) place--;
            best.Insert(place, new TokenLogProbability(i, logProbability));
            if (best.Count > top) best.RemoveAt(top);
        }

        return new TokenLogProbabilities(token, logits[token] - logTotal, best);
    }

    /// <summary>What a logit has to lose to become the logarithm of a probability.</summary>
    /// <param name="logits">[vocabulary], all finite.</param>
    internal static double LogTotal(ReadOnlySpan<float> logits)
    {
        var max = (double)logits[0];
        foreach (var logit in logits) max = Math.Max(max, logit);
        var total = 0.0;
        foreach (var logit in logits) total += Math.Exp(logit - max);
        return max + Math.Log(total);
    }
}
