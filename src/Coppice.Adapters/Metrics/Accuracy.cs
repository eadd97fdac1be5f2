namespace Coppice.Adapters;

/// <summary>The share of guesses that are right.</summary>
public static class Accuracy
{
    /// <summary>right / all.</summary>
    /// <param name="guessed">The guessed class of each example.</param>
    /// <param name="right">The right one; as many, at least one.</param>
    public static double Of(IReadOnlyList<int> guessed, IReadOnlyList<int> right)
    {
        Pairs.Check(guessed.Count, right.Count);
        return (double)Enumerable.Range(0, right.Count).Count(i => guessed[i] == right[i]) / right.Count;
    }
}
