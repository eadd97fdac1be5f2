namespace Coppice.Continual.Updates;

/// <summary>
/// When the sources are measured: before the first step, after 1, 2, 4, … steps in the first hundredth of the update, where the stability gap opens, then
/// evenly to the end.
/// </summary>
public static class EvaluationPoints
{
    /// <summary>The steps after which to measure, rising, from 0 to the last; none where no point is wanted.</summary>
    /// <param name="steps">Steps of the update, at least 1.</param>
    /// <param name="points">About how many.</param>
    public static IReadOnlyList<long> Of(long steps, int points)
    {
        if (points <= 0) return [];
        var at = new SortedSet<long> { 0, steps };
        for (var step = 1L; step <= steps / 100; step *= 2) at.Add(step);
        for (var i = 1; i < points; i++) at.Add(Math.Max(1, (long)Math.Round((double)steps * i / points)));
        return [.. at];
    }
}
