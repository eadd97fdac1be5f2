namespace Coppice.Inference;

/// <summary>A set of Unicode characters: ranges of code points that rise and neither touch nor overlap. Halves of surrogate pairs are in none.</summary>
internal sealed class CodePoints
{
    private const int Largest = 0x10FFFF;
    private const int FirstSurrogate = 0xD800;
    private const int LastSurrogate = 0xDFFF;

    /// <summary>A set of ranges.</summary>
    /// <param name="ranges">The ranges, in any order; they may overlap.</param>
    public CodePoints(params IEnumerable<(int First, int Last)> ranges)
    {
        var merged = new List<(int First, int Last)>();
        foreach (var (first, last) in ranges.SelectMany(WithoutSurrogates).OrderBy(range => range.First))
        {
            if (merged.Count > 0 && first <= merged[^1].Last + 1) merged[^1] = (merged[^1].First, Math.Max(merged[^1].Last, last));
            else merged.Add((first, last));
        }

        Ranges = merged;
    }

    /// <summary>All characters.</summary>
    public static CodePoints All { get; } = new((0, Largest));

    /// <summary>The ranges.</summary>
    public IReadOnlyList<(int First, int Last)> Ranges { get; }

    /// <summary>The set of some characters, none of them outside the first plane.</summary>
    /// <param name="characters">The characters.</param>
    public static CodePoints Of(string characters) => new(characters.Select(character => ((int)character, (int)character)));

    /// <summary>What is in either set.</summary>
    /// <param name="other">The other one.</param>
    public CodePoints With(CodePoints other) => new(Ranges.Concat(other.Ranges));

    /// <summary>What is in this set and not in the other.</summary>
    /// <param name="other">The other one.</param>
    public CodePoints Without(CodePoints other) => Complement().With(other).Complement();

    /// <summary>What is not in this set.</summary>
    public CodePoints Complement()
    {
        var gaps = new List<(int, int)>();
        var next = 0;
        foreach (var (first, last) in Ranges)
        {
            if (first > next) gaps.Add((next, first - 1));
            next = last + 1;
        }

        if (next <= Largest) gaps.Add((next, Largest));
        return new CodePoints(gaps);
    }

    private static IEnumerable<(int First, int Last)> WithoutSurrogates((int First, int Last) range)
    {
        if (range.First < FirstSurrogate && range.Last >= FirstSurrogate) yield return (range.First, FirstSurrogate - 1);
        else if (range.Last < FirstSurrogate) yield return range;
        if (range.Last > LastSurrogate) yield return (Math.Max(range.First, LastSurrogate + 1), range.Last);
    }
}
