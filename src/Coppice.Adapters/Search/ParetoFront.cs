namespace Coppice.Adapters;

/// <summary>What can't be had better without paying more.</summary>
public static class ParetoFront
{
    /// <summary>The items that no other one beats: none is as good for less, or better for as much.</summary>
    /// <param name="items">The items.</param>
    /// <param name="quality">How good one is; the higher the better.</param>
    /// <param name="cost">What it costs.</param>
    /// <returns>From the cheapest to the best; of items alike in both the first.</returns>
    public static IReadOnlyList<T> Of<T>(IEnumerable<T> items, Func<T, double> quality, Func<T, double> cost)
    {
        var front = new List<T>();
        foreach (var item in items.OrderBy(cost).ThenByDescending(quality))
        {
            if (front.Count == 0 || quality(item) > quality(front[^1])) front.Add(item);
        }

        return front;
    }
}
