namespace Coppice.Inference;

/// <summary>Finds where a descending order of values would have to be cut, without making the order.</summary>
internal static class Selection
{
    /// <summary>The smallest of the fewest largest values that reach a total; the smallest of all where they don't.</summary>
    /// <param name="values">The values, none of them NaN; their order changes.</param>
    /// <param name="total">How many values there shall be, or what their sum shall be.</param>
    /// <param name="weighted">Whether <paramref name="total"/> is a sum.</param>
    public static float Smallest(Span<float> values, double total, bool weighted)
    {
        while (true)
        {
            var pivot = Median(values[0], values[values.Length / 2], values[^1]);
            var (greater, equal) = Partition(values, pivot);
            var above = Total(values[..greater], weighted);
            if (above >= total)
            {
                values = values[..greater];
                continue;
            }

            total -= above + (weighted ? (double)pivot * equal : equal);
            if (total <= 0 || greater + equal == values.Length) return pivot;
            values = values[(greater + equal)..];
        }
    }

    /// <summary>Brings the values into the order greater than the pivot, equal, less.</summary>
    private static (int Greater, int Equal) Partition(Span<float> values, float pivot)
    {
        var (greater, less) = (0, values.Length);
        for (var i = 0; i < less;)
        {
            var value = values[i];
            if (value > pivot)
            {
                (values[i], values[greater]) = (values[greater], value);
                greater++;
                i++;
            }
            else if (value < pivot)
            {
                less--;
                (values[i], values[less]) = (values[less], value);
            }
            else
            {
                i++;
            }
        }

        return (greater, less - greater);
    }

    private static double Total(ReadOnlySpan<float> values, bool weighted)
    {
        if (!weighted) return values.Length;
        var sum = 0.0;
        foreach (var value in values) sum += value;
        return sum;
    }

    private static float Median(float a, float b, float c) => Math.Max(Math.Min(a, b), Math.Min(Math.Max(a, b), c));
}
