namespace Coppice.Adapters;

/// <summary>F1 of each class, averaged so that each class counts alike: what accuracy hides where classes are of different sizes.</summary>
public static class MacroF1
{
    /// <summary>The mean over classes of 2 · true positives / (guessed as it + right ones). Classes that are neither guessed nor right anywhere don't count.</summary>
    /// <param name="guessed">The guessed class of each example.</param>
    /// <param name="right">The right one; as many, at least one.</param>
    public static double Of(IReadOnlyList<int> guessed, IReadOnlyList<int> right)
    {
        Pairs.Check(guessed.Count, right.Count);
        var counts = new SortedDictionary<int, (int Both, int Either)>();
        for (var i = 0; i < right.Count; i++)
        {
            Count(guessed[i], both: guessed[i] == right[i]);
            Count(right[i], both: false);
        }

        return counts.Values.Average(count => 2.0 * count.Both / count.Either);

        void Count(int label, bool both)
        {
            var before = counts.GetValueOrDefault(label);
            counts[label] = (before.Both + (both ? 1 : 0), before.Either + 1);
        }
    }
}
