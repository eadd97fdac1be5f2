namespace Coppice.Models.Gguf;

/// <summary>
/// Finds the scale, or scale and offset, with which whole levels come nearest to values in squared error. Both try scales around the one that reaches
/// the outermost value; each guess fixes the levels, and least squares gives the scale that fits these levels best.
/// </summary>
internal static class ScaleSearch
{
    private const int Guesses = 9;

    /// <summary>value ≈ scale · level, for levels from <paramref name="lowest"/> to <paramref name="highest"/>.</summary>
    /// <param name="values">The values.</param>
    /// <param name="lowest">The lowest level; the range reaches further down than up, so the outermost value lies here.</param>
    /// <param name="highest">The highest level.</param>
    /// <param name="levels">Receives the level of each value.</param>
    /// <returns>The scale, as half precision holds it.</returns>
    public static float Symmetric(ReadOnlySpan<float> values, int lowest, int highest, Span<int> levels)
    {
        var outermost = 0f;
        foreach (var value in values)
        {
            if (Math.Abs(value) > Math.Abs(outermost)) outermost = value;
        }

        levels.Clear();
        if (outermost == 0) return 0;
        Span<int> guess = stackalloc int[values.Length];
        var (best, bestError) = (0f, double.PositiveInfinity);
        for (var i = -Guesses; i <= Guesses; i++)
        {
            var scale = outermost / (lowest + 0.1f * i);
            Round(values, scale, lowest, highest, guess);
            var fitted = (float)(Half)Fit(values, guess, scale);
            if (fitted == 0) continue;
            var error = Round(values, fitted, lowest, highest, guess);
            if (!(error < bestError)) continue;
            (best, bestError) = (fitted, error);
            guess.CopyTo(levels);
        }

        return best;
    }

    /// <summary>value ≈ scale · level - offset, for levels from 0 to <paramref name="highest"/>, neither scale nor offset below 0.</summary>
    /// <param name="values">The values.</param>
    /// <param name="highest">The highest level.</param>
    /// <returns>Scale and offset.</returns>
    public static (float Scale, float Offset) Affine(ReadOnlySpan<float> values, int highest)
    {
        var (smallest, largest) = (0f, values[0]);
        foreach (var value in values) (smallest, largest) = (Math.Min(smallest, value), Math.Max(largest, value));
        if (largest <= smallest) return (0, -smallest);
        Span<int> guess = stackalloc int[values.Length];
        var (best, bestError) = ((0f, 0f), double.PositiveInfinity);
        for (var i = -Guesses; i <= Guesses; i++)
        {
            var scale = (largest - smallest) / (highest + 0.1f * i);
            Round(values, scale, -smallest, highest, guess);
            var fitted = Fit(values, guess);
            var error = Round(values, fitted.Scale, fitted.Offset, highest, guess);
            if (error < bestError) (best, bestError) = (fitted, error);
        }

        return best;
    }

    /// <summary>Gives each value its nearest level.</summary>
    /// <returns>The squared error.</returns>
    public static double Round(ReadOnlySpan<float> values, float scale, float offset, int highest, Span<int> levels)
    {
        var error = 0.0;
        var inverse = scale == 0 ? 0 : 1 / scale;
        for (var i = 0; i < values.Length; i++)
        {
            levels[i] = (int)Math.Clamp(MathF.Round((values[i] + offset) * inverse), 0, highest);
            var difference = scale * levels[i] - offset - values[i];
            error += difference * difference;
        }

        return error;
    }

    private static double Round(ReadOnlySpan<float> values, float scale, int lowest, int highest, Span<int> levels)
    {
        var error = 0.0;
        for (var i = 0; i < values.Length; i++)
        {
            levels[i] = (int)Math.Clamp(MathF.Round(values[i] / scale), lowest, highest);
            var difference = scale * levels[i] - values[i];
            error += difference * difference;
        }

        return error;
    }

    private static float Fit(ReadOnlySpan<float> values, ReadOnlySpan<int> levels, float otherwise)
    {
        double products = 0, squares = 0;
        for (var i = 0; i < values.Length; i++)
        {
            products += (double)values[i] * levels[i];
            squares += (double)levels[i] * levels[i];
        }

        return squares == 0 ? otherwise : (float)(products / squares);
    }

    private static (float Scale, float Offset) Fit(ReadOnlySpan<float> values, ReadOnlySpan<int> levels)
    {
        double sum = 0, sumOfLevels = 0, squares = 0, products = 0;
        for (var i = 0; i < values.Length; i++)
        {
            sum += values[i];
            sumOfLevels += levels[i];
            squares += (double)levels[i] * levels[i];
            products += (double)values[i] * levels[i];
        }

        var determinant = values.Length * squares - sumOfLevels * sumOfLevels;
        if (determinant > 0)
        {
            var scale = (values.Length * products - sum * sumOfLevels) / determinant;
            var offset = (sumOfLevels * products - squares * sum) / determinant;
            if (offset >= 0) return ((float)Math.Max(0, scale), (float)offset);
        }

        // All levels equal, or an offset of the wrong sign: the best scale through zero.
        return (squares == 0 ? 0 : (float)Math.Max(0, products / squares), 0);
    }
}
