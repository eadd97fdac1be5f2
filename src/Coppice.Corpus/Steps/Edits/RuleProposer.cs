using Coppice.Corpus.Quality;

namespace Coppice.Corpus.Edits;

/// <summary>
/// Proposes edits by rules: removes lines that are boilerplate, counters or "read more"; runs of short lines at the beginning and end, as menus are; rows of links; and
/// further copies of a line that comes back again and again, as footers of pages do.
/// </summary>
public sealed class RuleProposer : IEditProposer
{
    private const int MenuLines = 6;
    private const int MenuWords = 3;
    private const int EdgeLines = 40;
    private const int FooterCopies = 3;
    private const int FooterCharacters = 20;
    private const int FooterWords = 15;

    /// <inheritdoc/>
    public string Name => "rules";

    /// <inheritdoc/>
    public Func<Document, EditProgram> Begin()
    {
        var copies = new HashCounter();
        return document => Propose(TextStructure.Of(document.Text), copies);
    }

    private static EditProgram Propose(TextStructure text, HashCounter copies)
    {
        var lines = text.Lines;
        var isRemoved = new bool[lines.Length];
        for (var i = 0; i < lines.Length; i++)
        {
            var line = Line(text, i);
            isRemoved[i] = !line.IsEmpty && (Boilerplate.IsBoilerplate(line) || Boilerplate.IsCounter(line) || Boilerplate.IsReadMore(line) || Boilerplate.IsRowOfLinks(line));
        }

        MarkMenus(text, isRemoved);
        MarkFooters(text, isRemoved, copies);
        var edits = new List<Edit>();
        for (var i = 0; i < isRemoved.Length; i++)
        {
            if (!isRemoved[i]) continue;
            var first = i;
            while (i + 1 < isRemoved.Length && isRemoved[i + 1]) i++;
            edits.Add(new Edit.RemoveLines(first, i));
        }

        return edits.Count == 0 ? EditProgram.Nothing : new EditProgram(edits);
    }

    /// <summary>Runs of short lines without an end mark, in the first or last lines. Blank lines between don't end a run.</summary>
    private static void MarkMenus(TextStructure text, bool[] isRemoved)
    {
        var lines = text.Lines;
        for (var i = 0; i < lines.Length; i++)
        {
            if (i >= EdgeLines && i < lines.Length - EdgeLines) i = lines.Length - EdgeLines;
            var end = i;
            var entries = 0;
            var lastEntry = i;
            while (end < lines.Length && (end < EdgeLines || end >= lines.Length - EdgeLines) && (lines[end].IsBlank || IsMenuEntry(Line(text, end))))
            {
                if (!lines[end].IsBlank)
                {
                    entries++;
                    lastEntry = end;
                }

                end++;
            }

            if (entries >= MenuLines) isRemoved.AsSpan(i, lastEntry - i + 1).Fill(true);
            i = end;
        }
    }

    private static void MarkFooters(TextStructure text, bool[] isRemoved, HashCounter copies)
    {
        var lines = text.Lines;
        copies.Clear(lines.Length);
        var counts = new int[lines.Length];
        for (var i = 0; i < lines.Length; i++)
        {
            if (!MayBeFooter(Line(text, i))) continue;
            copies.Add(TextHash.Of(Line(text, i)), i, out var first);
            counts[first]++;
        }

        for (var i = 0; i < lines.Length; i++)
        {
            if (!MayBeFooter(Line(text, i))) continue;
            copies.Add(TextHash.Of(Line(text, i)), i, out var first);
            // The first copy stays: it may be a title.
            if (first != i && counts[first] >= FooterCopies) isRemoved[i] = true;
        }
    }

    private static bool MayBeFooter(ReadOnlySpan<char> line) => line.Length >= FooterCharacters && Boilerplate.CountWords(line, FooterWords + 1) <= FooterWords;

    private static bool IsMenuEntry(ReadOnlySpan<char> line) =>
        Boilerplate.CountWords(line, MenuWords + 1) <= MenuWords && char.IsLetterOrDigit(line[0]) && (char.IsLetterOrDigit(line[^1]) || line[^1] is '»' or '›' or '>' or ')');

    private static ReadOnlySpan<char> Line(TextStructure text, int index)
    {
        var line = text.Lines[index];
        return text.Text.AsSpan(line.TrimmedStart, line.TrimmedEnd - line.TrimmedStart);
    }
}
