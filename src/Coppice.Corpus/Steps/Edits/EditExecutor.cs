using System.Text;

namespace Coppice.Corpus.Edits;

/// <summary>What became of a program's edits.</summary>
/// <param name="Text">The edited text; null where the document is to be dropped.</param>
/// <param name="LinesRemoved">Lines that were removed.</param>
/// <param name="Replacements">Occurrences that were replaced.</param>
/// <param name="OutOfRange">Removals refused: lines that are not there, or a last line before the first.</param>
/// <param name="Overlapping">Edits refused: they touch what an earlier one changes already.</param>
/// <param name="NotMatching">Replacements refused: the text does not occur.</param>
/// <param name="TooMany">Replacements refused: there were more than <see cref="EditExecutor.MostReplacements"/>.</param>
public sealed record EditOutcome(string? Text, int LinesRemoved = 0, int Replacements = 0, int OutOfRange = 0, int Overlapping = 0, int NotMatching = 0, int TooMany = 0)
{
    /// <summary>Edits that were refused.</summary>
    public int Refused => OutOfRange + Overlapping + NotMatching + TooMany;
}

/// <summary>
/// Carries out an edit program. All edits speak of the original text, so that none can depend on another: line numbers are those of the original, a replaced text is
/// looked for there. An edit that can't be carried out exactly is refused and counted; what an earlier edit changes, a later one can't.
/// </summary>
public static class EditExecutor
{
    /// <summary>The most replacements of one program: each searches the whole text.</summary>
    public const int MostReplacements = 100;

    /// <summary>Carries out a program.</summary>
    /// <param name="text">The text; lines end in LF.</param>
    /// <param name="program">The edits.</param>
    public static EditOutcome Apply(string text, EditProgram program)
    {
        if (program.Edits.Any(edit => edit is Edit.DropDocument)) return new EditOutcome(null);
        var changes = new List<Change>();
        var outcome = new EditOutcome(text);
        outcome = RemoveLines(text, program.Edits.OfType<Edit.RemoveLines>(), changes, outcome);
        outcome = Replace(text, program.Edits.OfType<Edit.Normalize>(), changes, outcome);
        return changes.Count == 0 ? outcome : outcome with { Text = Write(text, changes) };
    }

    private readonly record struct Change(int Start, int End, string Target);

    private static EditOutcome RemoveLines(string text, IEnumerable<Edit.RemoveLines> edits, List<Change> changes, EditOutcome outcome)
    {
        int[]? starts = null;
        bool[] isRemoved = [];
        foreach (var edit in edits)
        {
            starts ??= StartsOfLines(text);
            var lines = starts.Length - 1;
            if (isRemoved.Length == 0) isRemoved = new bool[lines];
            if (edit.First < 0 || edit.Last < edit.First || edit.Last >= lines) outcome = outcome with { OutOfRange = outcome.OutOfRange + 1 };
            else if (isRemoved[edit.First] || isRemoved[edit.Last] || isRemoved.AsSpan(edit.First, edit.Last - edit.First + 1).Contains(true))
            {
                outcome = outcome with { Overlapping = outcome.Overlapping + 1 };
            }
            else
            {
                isRemoved.AsSpan(edit.First, edit.Last - edit.First + 1).Fill(true);
                changes.Add(new Change(starts[edit.First], starts[edit.Last + 1], ""));
                outcome = outcome with { LinesRemoved = outcome.LinesRemoved + edit.Last - edit.First + 1 };
            }
        }

        changes.Sort((a, b) => a.Start.CompareTo(b.Start));
        return outcome;
    }

    private static EditOutcome Replace(string text, IEnumerable<Edit.Normalize> edits, List<Change> changes, EditOutcome outcome)
    {
        var number = 0;
        foreach (var edit in edits)
        {
            if (number++ >= MostReplacements)
            {
                outcome = outcome with { TooMany = outcome.TooMany + 1 };
                continue;
            }

            var found = new List<Change>();
            var occurrences = 0;
            var before = 0;
            for (var i = 0; (i = text.IndexOf(edit.Source, i, StringComparison.Ordinal)) >= 0; i += edit.Source.Length)
            {
                occurrences++;
                // Changes are in the order of the text: the first one that ends after here is the only one that can overlap.
                while (before < changes.Count && changes[before].End <= i) before++;
                if (before == changes.Count || changes[before].Start >= i + edit.Source.Length) found.Add(new Change(i, i + edit.Source.Length, edit.Target));
            }

            if (found.Count == 0)
            {
                outcome = occurrences == 0 ? outcome with { NotMatching = outcome.NotMatching + 1 } : outcome with { Overlapping = outcome.Overlapping + 1 };
                continue;
            }

            changes.AddRange(found);
            changes.Sort((a, b) => a.Start.CompareTo(b.Start));
            outcome = outcome with { Replacements = outcome.Replacements + found.Count };
        }

        return outcome;
    }

    private static string Write(string text, List<Change> changes)
    {
        var result = new StringBuilder(text.Length);
        var copied = 0;
        foreach (var change in changes)
        {
            result.Append(text, copied, change.Start - copied).Append(change.Target);
            copied = change.End;
        }

        result.Append(text, copied, text.Length - copied);
        // Where the last lines go, so does the end of the line before them, if the text had none at its end.
        if (copied == text.Length && !text.EndsWith('\n') && result.Length > 0 && result[^1] == '\n' && changes[^1].Target.Length == 0) result.Length--;
        return result.ToString();
    }

    private static int[] StartsOfLines(string text)
    {
        var starts = new List<int> { 0 };
        for (var i = 0; (i = text.IndexOf('\n', i)) >= 0 && i + 1 < text.Length;) starts.Add(++i);
        starts.Add(text.Length);
        return [.. starts];
    }
}
