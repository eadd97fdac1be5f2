using System.Text;

namespace Coppice.Corpus.Quality;

/// <summary>What <see cref="RepeatedLines"/> removes.</summary>
public sealed record RepeatedLinesOptions
{
    /// <summary>The fewest characters of a line whose further copies are removed; null for none.</summary>
    public int? MinLineLength { get; init; } = 30;

    /// <summary>The fewest characters of a paragraph whose further copies are removed; null for none.</summary>
    public int? MinParagraphLength { get; init; } = 30;
}

/// <summary>
/// Removes the second and later copies of lines and of paragraphs inside a document: headers and footers of pages, repeated notices. Short ones stay, because verses, table
/// rows and closing braces come back in good text. A paragraph ends at a blank line; copies are equal after trimming.
/// </summary>
/// <param name="options">What to remove; null for the defaults.</param>
public sealed class RepeatedLines(RepeatedLinesOptions? options = null) : IDocumentStep
{
    private readonly RepeatedLinesOptions _options = options ?? new RepeatedLinesOptions();

    /// <inheritdoc/>
    public string Name => "repeated-lines";

    /// <inheritdoc/>
    public Func<Document, StepResult> Begin()
    {
        var seenLines = new HashCounter();
        var seenParagraphs = new HashCounter();
        return document => Remove(document, seenLines, seenParagraphs);
    }

    private StepResult Remove(Document document, HashCounter seenLines, HashCounter seenParagraphs)
    {
        var text = TextStructure.Of(document.Text);
        var lines = text.Lines;
        seenLines.Clear(lines.Length);
        seenParagraphs.Clear(lines.Length);
        var isRemoved = new bool[lines.Length];
        var removedLines = 0;
        var removedParagraphs = 0;
        for (var i = 0; i < lines.Length; i++)
        {
            if (lines[i].IsBlank) continue;
            var last = i;
            while (last + 1 < lines.Length && !lines[last + 1].IsBlank) last++;
            if (IsCopy(text, lines[i].TrimmedStart, lines[last].TrimmedEnd, _options.MinParagraphLength, seenParagraphs))
            {
                removedParagraphs++;
                // With the blank lines after it: what stands before and after keeps one gap.
                while (last + 1 < lines.Length && lines[last + 1].IsBlank) last++;
                isRemoved.AsSpan(i, last - i + 1).Fill(true);
            }
            else
            {
                for (var line = i; line <= last; line++)
                {
                    if (!IsCopy(text, lines[line].TrimmedStart, lines[line].TrimmedEnd, _options.MinLineLength, seenLines)) continue;
                    isRemoved[line] = true;
                    removedLines++;
                }
            }

            i = last;
        }

        if (removedLines + removedParagraphs == 0) return StepResult.Keep(document);
        List<ReasonCount> changes = [];
        if (removedLines > 0) changes.Add(new ReasonCount("repeated lines", removedLines));
        if (removedParagraphs > 0) changes.Add(new ReasonCount("repeated paragraphs", removedParagraphs));
        return StepResult.Rewrite(document with { Text = Rest(document.Text, lines, isRemoved) }, changes);
    }

    private static bool IsCopy(TextStructure text, int start, int end, int? fewest, HashCounter seen) =>
        fewest is { } least && text.CodePointsIn(start, end) >= least && !seen.AddNew(TextHash.Of(text.Text.AsSpan(start, end - start)));

    private static string Rest(string text, ReadOnlySpan<TextLine> lines, bool[] isRemoved)
    {
        var result = new StringBuilder(text.Length);
        for (var i = 0; i < lines.Length; i++)
        {
            var end = i + 1 < lines.Length ? lines[i + 1].Start : text.Length;
            if (!isRemoved[i]) result.Append(text, lines[i].Start, end - lines[i].Start);
        }

        // A text that ended without a line end, or with one, does so still.
        if (isRemoved[^1])
        {
            while (result.Length > 0 && result[^1] is '\n' or '\r') result.Length--;
            if (text.EndsWith('\n')) result.Append('\n');
        }

        return result.ToString();
    }
}
