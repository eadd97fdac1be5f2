namespace Coppice.Foundation;

/// <summary>Finds what a misspelt name was probably meant to be.</summary>
public static class NearestName
{
    /// <summary>A hint such as <c>"; did you mean 'learning_rate'?"</c>, or an empty string where nothing is near.</summary>
    /// <param name="name">The name that was not known.</param>
    /// <param name="known">The names that are.</param>
    public static string Hint(string name, IEnumerable<string> known)
    {
        var nearest = Find(name, known);
        return nearest is null ? "" : $"; did you mean '{nearest}'?";
    }

    /// <summary>The known name with the smallest edit distance to <paramref name="name"/>, if it is at most a third of its length away.</summary>
    /// <param name="name">The name that was not known.</param>
    /// <param name="known">The names that are.</param>
    public static string? Find(string name, IEnumerable<string> known)
    {
        string? best = null;
        var bestDistance = Math.Max(1, name.Length / 3) + 1;
        foreach (var candidate in known)
        {
            var distance = EditDistance(name.ToLowerInvariant(), candidate.ToLowerInvariant());
            if (distance < bestDistance)
            {
                bestDistance = distance;
                best = candidate;
            }
        }

        return best;
    }

    /// <summary>Levenshtein distance with transpositions of neighbours counted as one edit (optimal string alignment).</summary>
    /// <param name="a">One string.</param>
    /// <param name="b">The other.</param>
    public static int EditDistance(string a, string b)
    {
        var distance = new int[a.Length + 1, b.Length + 1];
        for (var i = 0; i <= a.Length; i++) distance[i, 0] = i;
        for (var j = 0; j <= b.Length; j++) distance[0, j] = j;
        for (var i = 1; i <= a.Length; i++)
        {
            for (var j = 1; j <= b.Length; j++)
            {
                var cost = a[i - 1] == b[j - 1] ? 0 : 1;
                var best = Math.Min(Math.Min(distance[i - 1, j] + 1, distance[i, j - 1] + 1), distance[i - 1, j - 1] + cost);
                if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1]) best = Math.Min(best, distance[i - 2, j - 2] + 1);
                distance[i, j] = best;
            }
        }

        return distance[a.Length, b.Length];
    }
}
