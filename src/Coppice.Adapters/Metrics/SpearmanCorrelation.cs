namespace Coppice.Adapters;

/// <summary>Spearman's correlation: Pearson's of the ranks, so that only the order counts. Equal numbers share the mean of their ranks.</summary>
public static class SpearmanCorrelation
{
    /// <summary>The correlation; 0 where all numbers on a side are equal.</summary>
    /// <param name="guessed">The guessed number of each example.</param>
    /// <param name="right">The right one; as many, at least one, none of them NaN.</param>
    public static double Of(IReadOnlyList<float> guessed, IReadOnlyList<float> right)
    {
        Pairs.Check(guessed.Count, right.Count);
        var (x, y) = (Ranks(guessed), Ranks(right));
        // The mean of all ranks, ties or not.
        var mean = (right.Count + 1) / 2.0;
        var (xy, xx, yy) = (0.0, 0.0, 0.0);
        for (var i = 0; i < x.Length; i++)
        {
            xy += (x[i] - mean) * (y[i] - mean);
            xx += (x[i] - mean) * (x[i] - mean);
            yy += (y[i] - mean) * (y[i] - mean);
        }

        return xx > 0 && yy > 0 ? xy / Math.Sqrt(xx * yy) : 0;
    }

    private static double[] Ranks(IReadOnlyList<float> values)
    {
        int[] order = [.. Enumerable.Range(0, values.Count).OrderBy(i => values[i])];
        var ranks = new double[order.Length];
        for (var start = 0; start < order.Length;)
        {
            var end = start + 1;
            while (end < order.Length && values[order[end]] == values[order[start]]) end++;
            // Ranks start + 1 to end.
            for (var i = start; i < end; i++) ranks[order[i]] = (start + 1 + end) / 2.0;
            start = end;
        }

        return ranks;
    }
}
