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
    MinimalPairScore Total, IReadOnlyDictionary<string, MinimalPairScore> Phenomena, IReadOnlyDictionary<string, MinimalPairScore> Uids);
