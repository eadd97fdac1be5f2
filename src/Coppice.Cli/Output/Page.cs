using Coppice.Corpus;

namespace Coppice.Cli.Output;

/// <summary>A result as text on stdout: lines, and tables whose columns stand under each other.</summary>
internal static class Page
{
    /// <summary>A line of text; empty for a gap.</summary>
    public static void Line(string text = "") => Console.Out.WriteLine(text);

    /// <summary>A text as it is; on a terminal, with a line end where it has none.</summary>
    public static void Text(string text)
    {
        Piece(text);
        EndText(text);
    }

    /// <summary>A piece of a text as it is; on a terminal, without what would steer it.</summary>
    public static void Piece(string text) => Console.Out.Write(Console.IsOutputRedirected ? text : Figures.Printable(text));

    /// <summary>Ends a text that was written piece by piece: on a terminal, with a line end where it has none.</summary>
    public static void EndText(string text)
    {
        if (!Console.IsOutputRedirected && !text.EndsWith('\n')) Line();
    }

    /// <summary>Names and values, two spaces in.</summary>
    public static void Facts(params IReadOnlyList<(string Name, string Value)> facts)
    {
        var width = facts.Max(fact => fact.Name.Length);
        foreach (var (name, value) in facts) Line($"  {name.PadRight(width)}  {value}");
    }

    /// <summary>What was counted by reason, with the place of the first; nothing where there is none.</summary>
    public static void Counts(string title, IReadOnlyDictionary<string, ReportedCount> counts)
    {
        if (counts.Count == 0) return;
        Line();
        Line($"  {title}");
        var width = counts.Keys.Max(reason => reason.Length);
        var countWidth = counts.Values.Max(entry => Figures.Count(entry.Count).Length);
        foreach (var (reason, entry) in counts) Line($"    {Figures.Count(entry.Count).PadLeft(countWidth)}  {reason.PadRight(width)}  {(entry.Count > 1 ? "first " : "")}{entry.Examples[0]}");
    }

    /// <summary>A table with a heading over each column; the first column is text, the others are numbers and end under each other.</summary>
    public static void Table(IReadOnlyList<string> headings, IReadOnlyList<IReadOnlyList<string>> rows)
    {
        var widths = headings.Select((heading, column) => rows.Select(row => row[column].Length).Append(heading.Length).Max()).ToList();
        foreach (var row in rows.Prepend(headings))
        {
            Line("  " + string.Join("  ", row.Select((cell, column) => column == 0 ? cell.PadRight(widths[column]) : cell.PadLeft(widths[column]))).TrimEnd());
        }
    }
}
