namespace Coppice.Evaluation;

/// <summary>On how many pairs a model preferred the acceptable sentence.</summary>
/// <param name="Pairs">Number of pairs; at least one.</param>
/// <param name="Correct">Of which the acceptable sentence was the more probable one.</param>
public sealed record MinimalPairScore(long Pairs, long Correct)
{
    /// <summary>The share that is correct; 0.5 is chance.</summary>
    public double Accuracy => (double)Correct / Pairs;

    /// <summary>The standard error of the accuracy, √(a (1 - a) / n): how much it would vary from one sample of pairs to the next.</summary>
    public double StandardError => Math.Sqrt(Accuracy * (1 - Accuracy) / Pairs);
}

/// <summary>What <see cref="MinimalPairEvaluator"/> measured.</summary>
/// <param name="Total">Over all pairs.</param>
/// <param name="Phenomena">By phenomenon, in the order of the names; pairs without one are in the total only.</param>
/// <param name="Uids">By set of pairs, likewise.</param>
public sealed record MinimalPairEvaluation(
    MinimalPairScore Total, IReadOnlyDictionary<string, MinimalPairScore> Phenomena, IReadOnlyDictionary<string, MinimalPairScore> Uids)
{
    /// <summary>Counts judgements.</summary>
    /// <param name="pairs">The pairs.</param>
    /// <param name="correct">For each pair, whether the model was right.</param>
    public static MinimalPairEvaluation Of(IReadOnlyList<MinimalPair> pairs, IReadOnlyList<bool> correct)
    {
        ArgumentOutOfRangeException.ThrowIfNotEqual(correct.Count, pairs.Count);
        var phenomena = new SortedDictionary<string, MinimalPairScore>(StringComparer.Ordinal);
        var uids = new SortedDictionary<string, MinimalPairScore>(StringComparer.Ordinal);
        for (var i = 0; i < pairs.Count; i++)
        {
            if (pairs[i].Phenomenon is { } phenomenon) phenomena[phenomenon] = Count(phenomena.GetValueOrDefault(phenomenon), correct[i]);
            if (pairs[i].Uid is { } uid) uids[uid] = Count(uids.GetValueOrDefault(uid), correct[i]);
        }

        return new MinimalPairEvaluation(new MinimalPairScore(pairs.Count, correct.LongCount(right => right)), phenomena, uids);
    }

    private static MinimalPairScore Count(MinimalPairScore? score, bool correct) => new((score?.Pairs ?? 0) + 1, (score?.Correct ?? 0) + (correct ? 1 : 0));
}
