namespace Coppice.Corpus.Selection;

/// <summary>An item that was picked.</summary>
/// <param name="Item">Its number.</param>
/// <param name="Gain">What it added to the objective.</param>
public readonly record struct Pick(int Item, double Gain);

/// <summary>
/// Facility location: the worth of a set S is f(S) = Σ_i max_{j ∈ S} similarity(i, j), how well every item is represented by its nearest one in S. Picking the largest gain each time reaches at
/// least 1 − 1/e of the best set of that size (Nemhauser, Wolsey and Fisher 1978).
/// </summary>
public static class FacilityLocation
{
    private const ulong SampleStream = 0x4641434C;

    /// <summary>
    /// Picks by largest gain. Gains only fall as the set grows, so an old one is an upper bound: only the item on top of the heap is measured again (Minoux's lazy greedy). Of equal gains the first
    /// item is taken.
    /// </summary>
    /// <param name="similarity">[items, items], symmetric, not negative.</param>
    /// <param name="items">How many there are.</param>
    /// <param name="picks">How many to pick, at most all.</param>
    public static IReadOnlyList<Pick> Lazy(ReadOnlySpan<float> similarity, int items, int picks)
    {
        var (best, chosen) = (new float[items], new List<Pick>(picks));
        var heap = new PriorityQueue<int, (double Gain, int Item)>(items, LargestFirst);
        for (var item = 0; item < items; item++) heap.Enqueue(item, (Gain(similarity, items, item, best), item));
        while (chosen.Count < picks && heap.TryDequeue(out var item, out _))
        {
            var gain = Gain(similarity, items, item, best);
            if (heap.TryPeek(out _, out var next) && LargestFirst.Compare((gain, item), next) > 0) heap.Enqueue(item, (gain, item));
            else Take(similarity, items, new Pick(item, gain), best, chosen);
        }

        return chosen;
    }

    /// <summary>
    /// Picks the largest gain of a random sample each time (Mirzasoleiman et al., "Lazier Than Lazy Greedy", arXiv:1409.7938): on average at least 1 − 1/e − <paramref name="error"/> of the best set, for a
    /// number of gains that does not grow with the number of picks.
    /// </summary>
    /// <param name="similarity">[items, items], symmetric, not negative.</param>
    /// <param name="items">How many there are.</param>
    /// <param name="picks">How many to pick, at most all.</param>
    /// <param name="error">What may be lost, above 0 and below 1.</param>
    /// <param name="seed">The seed of the samples.</param>
    public static IReadOnlyList<Pick> Stochastic(ReadOnlySpan<float> similarity, int items, int picks, double error, ulong seed)
    {
        var (best, chosen) = (new float[items], new List<Pick>(picks));
        int[] left = [.. Enumerable.Range(0, items)];
        var sample = (int)Math.Ceiling(items / (double)Math.Max(1, picks) * Math.Log(1 / error));
        for (var remaining = items; chosen.Count < picks && remaining > 0; remaining--)
        {
            var top = (Place: -1, Gain: double.NegativeInfinity);
            for (var i = 0; i < Math.Min(sample, remaining); i++)
            {
                // The beginning of the array is this pick's sample: a partial shuffle.
                var other = i + (int)CounterRandom.Below(CounterRandom.Bits(seed, SampleStream + (ulong)chosen.Count, (ulong)i), remaining - i);
                (left[i], left[other]) = (left[other], left[i]);
                var gain = Gain(similarity, items, left[i], best);
                if (gain > top.Gain || (gain == top.Gain && left[i] < left[top.Place])) top = (i, gain);
            }

            Take(similarity, items, new Pick(left[top.Place], top.Gain), best, chosen);
            left[top.Place] = left[remaining - 1];
        }

        return chosen;
    }

    /// <summary>The worth of a set.</summary>
    /// <param name="similarity">[items, items].</param>
    /// <param name="items">How many there are.</param>
    /// <param name="set">The set.</param>
    public static double Worth(ReadOnlySpan<float> similarity, int items, IReadOnlyList<int> set)
    {
        var worth = 0.0;
        for (var item = 0; item < items; item++)
        {
            var best = 0f;
            foreach (var other in set) best = MathF.Max(best, similarity[item * items + other]);
            worth += best;
        }

        return worth;
    }

    private static readonly Comparer<(double Gain, int Item)> LargestFirst = Comparer<(double Gain, int Item)>.Create((a, b) => a.Gain != b.Gain ? b.Gain.CompareTo(a.Gain) : a.Item.CompareTo(b.Item));

    private static double Gain(ReadOnlySpan<float> similarity, int items, int item, float[] best)
    {
        var row = similarity.Slice(item * items, items);
        var gain = 0.0;
        for (var i = 0; i < row.Length; i++) gain += Math.Max(0, row[i] - best[i]);
        return gain;
    }

    private static void Take(ReadOnlySpan<float> similarity, int items, Pick pick, float[] best, List<Pick> chosen)
    {
        chosen.Add(pick);
        var row = similarity.Slice(pick.Item * items, items);
        for (var i = 0; i < items; i++) best[i] = MathF.Max(best[i], row[i]);
    }
}
