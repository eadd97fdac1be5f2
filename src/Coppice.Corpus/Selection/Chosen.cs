namespace Coppice.Corpus.Selection;

/// <summary>Choosing documents by a number each.</summary>
public static class Chosen
{
    private const ulong NoiseStream = 0x47554D42454C;

    /// <summary>
    /// Takes documents, the highest key first and of equal ones the first, until the next one would take more than a share of the text. So what is taken is at most the share,
    /// and less than one document below it; the first one is taken in any case.
    /// </summary>
    /// <param name="keys">[documents]; NaN comes last.</param>
    /// <param name="lengths">[documents], in UTF-16 units.</param>
    /// <param name="share">The share of all text, from 0 to 1.</param>
    /// <returns>[documents], whether each is taken, and the key of the last one.</returns>
    public static (bool[] Taken, double Lowest) Highest(ReadOnlySpan<double> keys, IReadOnlyList<int> lengths, double share)
    {
        var sorted = keys.ToArray();
        var order = new int[sorted.Length];
        for (var i = 0; i < order.Length; i++)
        {
            order[i] = i;
            sorted[i] = double.IsNaN(sorted[i]) ? double.PositiveInfinity : -sorted[i];
        }

        // Array.Sort is not stable: places of equal keys are put in order afterwards.
        Array.Sort(sorted, order);
        SortEqual(sorted, order);
        var budget = share * lengths.Sum(length => (double)length);
        var (taken, used, lowest) = (new bool[order.Length], 0.0, double.NaN);
        foreach (var document in order)
        {
            if (used > 0 && used + lengths[document] > budget) break;
            taken[document] = true;
            used += lengths[document];
            lowest = keys[document];
        }

        return (taken, lowest);
    }

    /// <summary>
    /// Noise that turns "the highest keys" into sampling without replacement with probabilities proportional to e to the power of the key (Gumbel top-k). A function of seed and text, so that
    /// a document's fate does not hang on the order.
    /// </summary>
    /// <param name="seed">The seed.</param>
    /// <param name="text">A hash of the document's text.</param>
    public static double Gumbel(ulong seed, ulong text) => -Math.Log(-Math.Log(CounterRandom.Unit(CounterRandom.Bits(seed, NoiseStream, text)) + double.Epsilon));

    private static void SortEqual(double[] keys, int[] order)
    {
        for (var from = 0; from < keys.Length;)
        {
            var to = from + 1;
            while (to < keys.Length && keys[to] == keys[from]) to++;
            if (to - from > 1) Array.Sort(order, from, to - from);
            from = to;
        }
    }
}
