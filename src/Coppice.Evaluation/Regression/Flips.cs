using Coppice.Foundation;

namespace Coppice.Evaluation;

/// <summary>
/// What an update changed item by item: an accuracy that stays the same can hide as many new errors as repaired ones. Counts come with the rates,
/// for with 500 items one flip is 0.2 points.
/// </summary>
/// <param name="Items">Number of items.</param>
/// <param name="ParentCorrect">Items that the parent had right.</param>
/// <param name="ChildCorrect">Items that the child has right.</param>
/// <param name="Negative">Items that were right and are wrong now.</param>
/// <param name="Positive">Items that were wrong and are right now.</param>
/// <param name="WrongChanges">Items that were wrong and are wrong in another way now; there are none where an item has two choices.</param>
[Technique("negative-flips", Title = "MUSCLE: A Model Update Strategy for Compatible LLM Evolution", Paper = "arXiv:2407.09435")]
[Technique("mcnemar", Title = "Note on the sampling error of the difference between correlated proportions or percentages", Paper = "doi:10.1007/BF02295996")]
public sealed record Flips(int Items, int ParentCorrect, int ChildCorrect, int Negative, int Positive, int WrongChanges)
{
    /// <summary>NFR: the share of items that were right and are wrong now.</summary>
    public double NegativeRate => (double)Negative / Items;

    /// <summary>PFR: the share of items that were wrong and are right now.</summary>
    public double PositiveRate => (double)Positive / Items;

    /// <summary>The share of items that are wrong now and were answered otherwise before, rightly or wrongly.</summary>
    public double ChangedWrongRate => (double)(Negative + WrongChanges) / Items;

    /// <summary>NFI: the share of the child's errors that the parent did not make; null where the child makes none.</summary>
    public double? NegativeImpact => ChildCorrect < Items ? (double)Negative / (Items - ChildCorrect) : null;

    /// <summary>The child's accuracy less the parent's: exactly (positive - negative) flips over items.</summary>
    public double AccuracyChange => (double)(Positive - Negative) / Items;

    /// <summary>McNemar's exact test: how probable at least so uneven flips are where each is as likely to be negative as positive, two-sided.</summary>
    public double PValue => McNemar(Negative, Positive);

    /// <summary>Counts the flips of items with a right answer.</summary>
    /// <param name="parent">The parent's answer to each item.</param>
    /// <param name="child">The child's.</param>
    /// <param name="right">The right one.</param>
    /// <exception cref="ArgumentException">There is no item, or the lists have different lengths.</exception>
    public static Flips Of(IReadOnlyList<int> parent, IReadOnlyList<int> child, IReadOnlyList<int> right)
    {
        if (right.Count == 0 || parent.Count != right.Count || child.Count != right.Count) throw new ArgumentException("Each item has one answer of each model, and there is at least one.");
        var (parentCorrect, childCorrect, negative, positive, wrongChanges) = (0, 0, 0, 0, 0);
        for (var i = 0; i < right.Count; i++)
        {
            var (before, after) = (parent[i] == right[i], child[i] == right[i]);
            if (before) parentCorrect++;
            if (after) childCorrect++;
            if (before && !after) negative++;
            if (!before && after) positive++;
            if (!before && !after && parent[i] != child[i]) wrongChanges++;
        }

        return new Flips(right.Count, parentCorrect, childCorrect, negative, positive, wrongChanges);
    }

    /// <summary>Counts the flips of items that are right or wrong, such as minimal pairs (<see cref="MinimalPairEvaluator.Judge"/>).</summary>
    /// <param name="parent">Whether the parent had each item right.</param>
    /// <param name="child">Whether the child has.</param>
    /// <exception cref="ArgumentException">There is no item, or the lists have different lengths.</exception>
    public static Flips Of(IReadOnlyList<bool> parent, IReadOnlyList<bool> child) =>
        Of([.. parent.Select(Answer)], [.. child.Select(Answer)], [.. parent.Select(_ => 0)]);

    private static int Answer(bool correct) => correct ? 0 : 1;

    // 2 · P(X <= min(b, c)) for X binomial over b + c with ½, summed from logarithms: 2^-(b + c) alone would be 0 from 1075 flips on.
    private static double McNemar(int negative, int positive)
    {
        var flips = negative + positive;
        var logTerm = -flips * Math.Log(2);
        var sum = Math.Exp(logTerm);
        for (var k = 1; k <= Math.Min(negative, positive); k++)
        {
            logTerm += Math.Log((double)(flips - k + 1) / k);
            sum += Math.Exp(logTerm);
        }

        return Math.Min(1, 2 * sum);
    }
}
