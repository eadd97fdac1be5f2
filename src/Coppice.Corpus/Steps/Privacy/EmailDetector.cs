namespace Coppice.Corpus.Privacy;

/// <summary>
/// Finds e-mail addresses around each @: the local part plain or quoted, the domain with a top-level domain of letters, or an address in brackets. No address: a handle
/// (<c>@name@host</c>), the user of a URL, <c>git@host:path</c>, a file name such as <c>icon@2x.png</c>.
/// </summary>
internal static class EmailDetector
{
    private const int LongestLocal = 64;
    private const int LongestDomain = 255;
    private static readonly string[] FileEndings = ["png", "jpg", "jpeg", "gif", "svg", "webp", "css", "js", "json", "html", "htm", "xml", "php", "py", "pdf", "txt", "zip", "gz"];

    public static void Find(ReadOnlySpan<char> text, List<PiiFinding> findings)
    {
        for (var at = text.IndexOf('@'); at >= 0 && at < text.Length;)
        {
            var end = at + 1;
            var start = StartOfLocal(text, at);
            if (start < at && (end = EndOfDomain(text, at + 1)) > at + 1 && IsAddress(text, start, at, end)) findings.Add(new PiiFinding(start, end - start, PiiKind.Email));
            else end = at + 1;
            var next = text[end..].IndexOf('@');
            if (next < 0) break;
            at = end + next;
        }
    }

    private static int StartOfLocal(ReadOnlySpan<char> text, int at)
    {
        var lowest = Math.Max(0, at - LongestLocal);
        if (at > 0 && text[at - 1] == '"')
        {
            var quote = at - 1 > lowest ? text[lowest..(at - 1)].LastIndexOf('"') : -1;
            return quote >= 0 && !text[(lowest + quote)..at].Contains('\n') ? lowest + quote : at;
        }

        var start = at;
        while (start > lowest && IsLocal(text[start - 1])) start--;
        // Signs of the sentence around it, such as quotes, are no part of it; nor is a dot at either end.
        while (start < at && !char.IsAsciiLetterOrDigit(text[start]) && text[start] is not '_' && text[start] < 0x80) start++;
        return start < at && text[at - 1] == '.' ? at : start;
    }

    private static int EndOfDomain(ReadOnlySpan<char> text, int start)
    {
        if (Ascii.At(text, start) == '[')
        {
            var close = text.Slice(start, Math.Min(text.Length - start, 48)).IndexOf(']');
            return close > 0 && System.Net.IPAddress.TryParse(text.Slice(start + 1, close - 1), out _) ? start + close + 1 : start;
        }

        var limit = Math.Min(text.Length, start + LongestDomain);
        var end = start;
        while (end < limit && (IsDomain(text[end]) || text[end] is '-' or '.')) end++;
        while (end > start && text[end - 1] is '.' or '-') end--;
        // A sentence that begins right after the full stop ("...@host.org.Then") can't be told from a domain; two dots end one.
        var doubled = text[start..end].IndexOf("..");
        if (doubled >= 0) end = start + doubled;
        var dot = text[start..end].LastIndexOf('.');
        if (dot <= 0) return start;
        var top = text[(start + dot + 1)..end];
        return IsTopLevel(top) && text[start] is not '-' and not '.' ? end : start;
    }

    private static bool IsAddress(ReadOnlySpan<char> text, int start, int at, int end)
    {
        var before = Ascii.At(text, start - 1);
        if (before is '@' or '_' || IsDomain(before) || Ascii.At(text, end) is '@' or '_') return false;
        var local = text[start..at];
        if (local.SequenceEqual("git") && Ascii.At(text, end) == ':' && !char.IsWhiteSpace(Ascii.At(text, end + 1))) return false;
        return !local.Contains("..", StringComparison.Ordinal) && !IsUserOfUrl(text, start);
    }

    private static bool IsUserOfUrl(ReadOnlySpan<char> text, int start)
    {
        var before = Ascii.Before(text, start, 80);
        var scheme = before.LastIndexOf("://");
        return scheme >= 0 && before[(scheme + 3)..].IndexOfAny('/', ' ', '?') < 0;
    }

    private static bool IsTopLevel(ReadOnlySpan<char> top)
    {
        if (top.StartsWith("xn--")) return true;
        if (top.Length is < 2 or > 24) return false;
        foreach (var unit in top)
        {
            if (!char.IsLetter(unit)) return false;
        }

        foreach (var ending in FileEndings)
        {
            if (top.Equals(ending, StringComparison.OrdinalIgnoreCase)) return false;
        }

        return true;
    }

    // Letters beyond Latin are no part: scripts without spaces put the next word right beside the address.
    private static bool IsDomain(char unit) => char.IsAsciiLetterOrDigit(unit) || (unit is >= '\u00C0' and < '\u0250' && char.IsLetter(unit));

    private static bool IsLocal(char unit) => IsDomain(unit) || unit is '.' or '_' or '%' or '+' or '-' or '\'' or '&' or '~' or '!' or '#' or '$' or '*' or '/' or '=' or '?' or '^' or '`' or '{' or '|' or '}';
}
