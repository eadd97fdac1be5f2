using System.Text;

namespace Coppice.Corpus;

/// <summary>Takes out of a mail what is not its author's: quotations of earlier mails, the signature, what a mailing list adds.</summary>
internal static class MailQuotes
{
    private const int LongestAttribution = 200;

    /// <summary>Removes quotations and signature.</summary>
    /// <param name="text">The text of a mail.</param>
    /// <param name="keepQuotes">Whether lines that begin with <c>&gt;</c> stay.</param>
    /// <param name="keepSignature">Whether what follows the line <c>-- </c> stays.</param>
    public static string Remove(string text, bool keepQuotes, bool keepSignature)
    {
        var kept = new StringBuilder(text.Length);
        var lineStarts = new List<int>();
        var inQuote = false;
        foreach (var line in text.AsSpan().EnumerateLines())
        {
            if (!keepSignature && (line is "-- " or "--" || IsListFooter(line))) break;
            if (!keepQuotes && IsForward(line)) break;
            if (!keepQuotes && line.StartsWith(">"))
            {
                if (!inQuote) RemoveAttribution(kept, lineStarts);
                inQuote = true;
                continue;
            }

            if (!line.IsWhiteSpace()) inQuote = false;
            else if (inQuote) continue;
            lineStarts.Add(kept.Length);
            kept.Append(line).Append('\n');
        }

        return kept.ToString().TrimEnd();
    }

    private static bool IsListFooter(ReadOnlySpan<char> line) => line.Length > 20 && line.TrimEnd() is var rule && rule.Length > 20 && rule.IndexOfAnyExcept('_') < 0;

    private static bool IsForward(ReadOnlySpan<char> line) =>
        line.StartsWith("-----Original Message-----", StringComparison.OrdinalIgnoreCase) || line.StartsWith("-----Ursprüngliche Nachricht-----", StringComparison.OrdinalIgnoreCase)
        || line.StartsWith("-----Message d'origine-----", StringComparison.OrdinalIgnoreCase);

    // "On 3 May 2020, A. Writer wrote:", on one line or two, ends in a colon right above the quotation.
    private static void RemoveAttribution(StringBuilder kept, List<int> lineStarts)
    {
        const int lines = 4;
        var from = lineStarts.Count == 0 ? 0 : lineStarts[Math.Max(0, lineStarts.Count - lines)];
        var text = kept.ToString(from, kept.Length - from);
        var trimmed = text.AsSpan().TrimEnd();
        if (!trimmed.EndsWith(":")) return;
        var paragraph = trimmed.LastIndexOf("\n\n");
        var attribution = trimmed[(paragraph < 0 ? 0 : paragraph + 2)..];
        if (attribution.Length > LongestAttribution || attribution.Count('\n') > 1)
        {
            // A longer paragraph is the author's own words, but for its last line.
            var lastLine = trimmed.LastIndexOf('\n') + 1;
            if (trimmed.Length - lastLine > LongestAttribution || !HoldsDigitOrAddress(trimmed[lastLine..])) return;
            attribution = trimmed[lastLine..];
        }

        kept.Length -= text.Length - trimmed.Length + attribution.Length;
        while (lineStarts.Count > 0 && lineStarts[^1] >= kept.Length) lineStarts.RemoveAt(lineStarts.Count - 1);
    }

    private static bool HoldsDigitOrAddress(ReadOnlySpan<char> line) => line.ContainsAnyInRange('0', '9') || line.Contains('@');
}
