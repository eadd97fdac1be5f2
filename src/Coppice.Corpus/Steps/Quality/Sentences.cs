namespace Coppice.Corpus.Quality;

/// <summary>
/// Counts sentences by their end marks: a full stop, question or exclamation mark, with closing quotes and brackets, then white space, then anything but a lower-case
/// letter. A full stop after one letter ("J. Smith") or a common abbreviation ends none. The marks of Han, Indic and Arabic scripts need no white space.
/// </summary>
internal static class Sentences
{
    private static readonly HashSet<string> Abbreviations = new(StringComparer.OrdinalIgnoreCase)
    {
        "mr", "mrs", "ms", "dr", "prof", "st", "no", "vs", "etc", "inc", "ltd", "co", "corp", "jr", "sr", "fig", "vol", "pp", "gen", "rep", "sen", "gov", "capt", "col",
        "lt", "rev", "hon", "art", "abs", "nr", "bzw", "ca", "cf", "al", "approx", "dept", "est", "jan", "feb", "mar", "apr", "jun", "jul", "aug", "sep", "sept", "oct",
        "nov", "dec",
    };

    private static readonly HashSet<string>.AlternateLookup<ReadOnlySpan<char>> IsAbbreviation = Abbreviations.GetAlternateLookup<ReadOnlySpan<char>>();

    /// <summary>How many sentences a line has; at least 1 where it has anything but white space. Counting stops where there are enough.</summary>
    /// <param name="line">The line.</param>
    /// <param name="enough">How many are enough.</param>
    public static int Count(ReadOnlySpan<char> line, int enough)
    {
        line = line.Trim();
        var count = 0;
        var begun = 0;
        for (var i = 0; i < line.Length && count < enough;)
        {
            var next = line[i..].IndexOfAny(EndMarks);
            if (next < 0) break;
            i += next;
            var after = EndOfSentence(line, i);
            if (after < 0)
            {
                i++;
                continue;
            }

            count++;
            i = begun = after;
        }

        return count < enough && begun < line.Length ? count + 1 : count;
    }

    private static readonly System.Buffers.SearchValues<char> EndMarks = System.Buffers.SearchValues.Create(".!?。！？।॥؟۔…");

    /// <summary>Where the next sentence begins if the mark at a place ends one, else -1.</summary>
    private static int EndOfSentence(ReadOnlySpan<char> line, int mark)
    {
        var end = mark + 1;
        while (end < line.Length && (EndMarks.Contains(line[end]) || line[end] is '"' or '\'' or ')' or ']' or '”' or '’' or '»' or '」' or '』')) end++;
        if (line[mark] is '。' or '！' or '？' or '।' or '॥' or '؟' or '۔') return end;
        if (end == line.Length) return end;
        if (!char.IsWhiteSpace(line[end])) return -1;
        var next = end;
        while (next < line.Length && char.IsWhiteSpace(line[next])) next++;
        if (next < line.Length && char.IsLower(line[next])) return -1;
        return line[mark] == '.' && end == mark + 1 && EndsInAbbreviation(line[..mark]) ? -1 : next;
    }

    private static bool EndsInAbbreviation(ReadOnlySpan<char> before)
    {
        const int LongestAbbreviation = 6;
        var start = before.Length;
        while (start > 0 && char.IsLetter(before[start - 1]) && before.Length - start <= LongestAbbreviation) start--;
        var word = before[start..];
        return word.Length == 1 || IsAbbreviation.Contains(word);
    }
}
