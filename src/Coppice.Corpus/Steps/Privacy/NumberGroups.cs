namespace Coppice.Corpus.Privacy;

/// <summary>
/// Digits that stand near each other: groups of ASCII digits with at most three spaces, hyphens, dots, slashes or brackets between two. Card, telephone and IPv4 numbers
/// are all written so.
/// </summary>
internal sealed class NumberGroups
{
    private const int LongestGap = 3;
    private readonly List<(int Start, int Length)> _groups = [];

    /// <summary>How many groups there are.</summary>
    public int Count => _groups.Count;

    /// <summary>Where a group begins.</summary>
    public int Start(int group) => _groups[group].Start;

    /// <summary>How many digits a group has.</summary>
    public int Length(int group) => _groups[group].Length;

    /// <summary>The unit after a group's last digit.</summary>
    public int End(int group) => _groups[group].Start + _groups[group].Length;

    /// <summary>What stands between a group and the next.</summary>
    public ReadOnlySpan<char> Gap(ReadOnlySpan<char> text, int group) => text[End(group)..Start(group + 1)];

    /// <summary>A group's digits.</summary>
    public ReadOnlySpan<char> Digits(ReadOnlySpan<char> text, int group) => text.Slice(Start(group), Length(group));

    /// <summary>Reads the groups from a digit on.</summary>
    /// <param name="text">The text.</param>
    /// <param name="start">The first digit.</param>
    /// <returns>The unit after the last group.</returns>
    public int Read(ReadOnlySpan<char> text, int start)
    {
        _groups.Clear();
        var end = start;
        for (var next = start; next < text.Length;)
        {
            end = next;
            while (end < text.Length && char.IsAsciiDigit(text[end])) end++;
            _groups.Add((next, end - next));
            next = end;
            while (next < text.Length && next - end < LongestGap && text[next] is ' ' or '-' or '.' or '/' or '(' or ')' or '\u00A0' or '\u2011' or '\u2013' or '\u202F') next++;
            if (next == end || !Ascii.IsDigitAt(text, next)) break;
        }

        return end;
    }
}
