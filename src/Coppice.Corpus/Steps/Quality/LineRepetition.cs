namespace Coppice.Corpus.Quality;

/// <summary>Measures how much of a text is lines or paragraphs that it has already.</summary>
/// <param name="variant">Whose reading: see <see cref="GopherRepetition"/>.</param>
internal sealed class LineRepetition(RuleVariant variant)
{
    private readonly HashCounter _seen = new();
    private int _count;
    private int _duplicates;
    private long _characters;
    private long _duplicateCharacters;

    /// <summary>The share of lines that are duplicates, and of characters in them.</summary>
    public (double Elements, double Characters) OfLines(TextStructure text)
    {
        var lines = text.Lines;
        Clear(lines.Length);
        foreach (ref readonly var line in lines)
        {
            if (variant == RuleVariant.Datatrove && !line.IsEmpty) Add(text, line.Start, line.End);
            if (variant == RuleVariant.Dclm && !line.IsBlank) Add(text, line.TrimmedStart, line.TrimmedEnd);
        }

        // Where text begins or ends with a line end, splitting at line ends gives datatrove an empty line there.
        if (variant == RuleVariant.Datatrove && text.Text.Length > 0)
        {
            var edges = (text.Text[0] is '\n' ? 1 : 0) + (text.Text[^1] is '\n' ? 1 : 0);
            _count += edges;
            if (edges == 2) _duplicates++;
        }

        return Shares(text);
    }

    /// <summary>The share of paragraphs that are duplicates, and of characters in them.</summary>
    public (double Elements, double Characters) OfParagraphs(TextStructure text)
    {
        var lines = text.Lines;
        Clear(lines.Length);
        var (textStart, textEnd) = TrimmedText(lines);
        for (var i = 0; i < lines.Length; i++)
        {
            if (lines[i].IsEmpty) continue;
            var first = i;
            while (i + 1 < lines.Length && !lines[i + 1].IsEmpty) i++;
            var start = Math.Max(lines[first].Start, textStart);
            var end = Math.Min(lines[i].End, textEnd);
            if (start < end) Add(text, start, end);
        }

        return Shares(text);
    }

    private static (int Start, int End) TrimmedText(ReadOnlySpan<TextLine> lines)
    {
        var first = 0;
        while (first < lines.Length && lines[first].IsBlank) first++;
        var last = lines.Length - 1;
        while (last > first && lines[last].IsBlank) last--;
        return first < lines.Length ? (lines[first].TrimmedStart, lines[last].TrimmedEnd) : (0, 0);
    }

    private void Clear(int elements)
    {
        _seen.Clear(elements);
        _count = 0;
        _duplicates = 0;
        _characters = 0;
        _duplicateCharacters = 0;
    }

    private void Add(TextStructure text, int start, int end)
    {
        var characters = text.CodePointsIn(start, end);
        var copies = _seen.Add(TextHash.Of(text.Text.AsSpan(start, end - start)), start, out _);
        _count++;
        _characters += characters;
        if (copies == 1) return;
        // DCLM counts the first copy too, when the second shows that there are several.
        var counted = variant == RuleVariant.Dclm && copies == 2 ? 2 : 1;
        _duplicates += counted;
        _duplicateCharacters += counted * (long)characters;
    }

    private (double Elements, double Characters) Shares(TextStructure text)
    {
        var whole = variant == RuleVariant.Datatrove ? text.CodePoints : _characters;
        return (_count == 0 ? 0 : (double)_duplicates / _count, whole == 0 ? 0 : (double)_duplicateCharacters / whole);
    }
}
