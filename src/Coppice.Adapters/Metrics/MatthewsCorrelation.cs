namespace Coppice.Adapters;

/// <summary>
/// Matthews' correlation of guessed and right classes, for two classes or more (Gorodkin's R_K): 1 where all is right, 0 for guessing that knows nothing, whatever the
/// sizes of the classes.
/// </summary>
public static class MatthewsCorrelation
{
    /// <summary>
    /// (right · n - Σ guessed_k · right_k) / √((n² - Σ guessed_k²)(n² - Σ right_k²)), where guessed_k and right_k count the examples of class k; 0 where all are
    /// guessed, or right, as one class.
    /// </summary>
    /// <param name="guessed">The guessed class of each example.</param>
    /// <param name="right">The right one; as many, at least one.</param>
    public static double Of(IReadOnlyList<int> guessed, IReadOnlyList<int> right)
    {
        Pairs.Check(guessed.Count, right.Count);
        var counts = new SortedDictionary<int, (double Guessed, double Right)>();
        var (n, hits) = ((double)right.Count, 0.0);
        for (var i = 0; i < right.Count; i++)
        {
            var of = counts.GetValueOrDefault(guessed[i]);
            counts[guessed[i]] = (of.Guessed + 1, of.Right);
            of = counts.GetValueOrDefault(right[i]);
            counts[right[i]] = (of.Guessed, of.Right + 1);
            if (guessed[i] == right[i]) hits++;
        }

        var covariance = hits * n - counts.Values.Sum(count => count.Guessed * count.Right);
        var spread = (n * n - counts.Values.Sum(count => count.Guessed * count.Guessed)) * (n * n - counts.Values.Sum(count => count.Right * count.Right));
        return spread > 0 ? covariance / Math.Sqrt(spread) : 0;
    }
}
