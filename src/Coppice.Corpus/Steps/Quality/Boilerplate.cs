using System.Buffers;

namespace Coppice.Corpus.Quality;

/// <summary>Recognises lines of a web page that are no text: counters, "read more", notices, rows of links.</summary>
internal static class Boilerplate
{
    private const int MostWords = 12;

    // Longer lines are sentences: looking at them any closer would cost more than all the rest.
    private const int LongestNotice = 160;
    private const int LongestCounter = 80;
    private const int LongestMore = 30;

    private static readonly SearchValues<string> Notices = SearchValues.Create(
        [
            "all rights reserved", "copyright ©", "© copyright", "terms of service", "terms of use", "terms and conditions", "privacy policy", "cookie policy", "cookie settings",
            "uses cookies", "use cookies", "accept cookies", "enable javascript", "subscribe to our newsletter", "sign up for our newsletter", "skip to content",
            "skip to main content", "back to top", "share this", "follow us on", "powered by wordpress", "add to cart", "items in cart", "leave a comment", "leave a reply",
            "log in to comment", "you must be logged in", "toggle navigation",
        ],
        StringComparison.OrdinalIgnoreCase);

    private static readonly string[] Counted =
        ["like", "likes", "share", "shares", "comment", "comments", "retweet", "retweets", "repost", "reposts", "quote", "quotes", "bookmark", "bookmarks", "upvote", "upvotes",
            "downvote", "downvotes", "download", "downloads", "view", "views", "follower", "followers", "reply", "replies", "reaction", "reactions"];

    private static readonly string[] MoreTexts = ["read more", "continue reading", "read on", "show more", "load more", "see more", "learn more", "view more", "click here", "more info"];

    /// <summary>Whether a short line is a notice that pages carry.</summary>
    public static bool IsBoilerplate(ReadOnlySpan<char> line) => line.Length <= LongestNotice && CountWords(line, MostWords + 1) <= MostWords && line.ContainsAny(Notices);

    /// <summary>Whether a line has such a notice, however long it is.</summary>
    public static bool HasNotice(ReadOnlySpan<char> line) => line.ContainsAny(Notices);

    /// <summary>Whether a line is a count of likes, shares, comments and such: a number and one of those words, and nothing else; also several of these.</summary>
    public static bool IsCounter(ReadOnlySpan<char> line)
    {
        if (line.Length > LongestCounter || !line.ContainsAnyInRange('0', '9')) return false;
        var numbers = 0;
        var words = 0;
        foreach (var range in line.SplitAny(" \t,·|•()[]:"))
        {
            var part = line[range];
            if (part.IsEmpty) continue;
            if (IsNumber(part)) numbers++;
            else if (IsOneOf(part, Counted)) words++;
            else return false;
        }

        return numbers > 0 && words > 0 && Math.Abs(numbers - words) <= 1;
    }

    /// <summary>Whether a line says only that there is more.</summary>
    public static bool IsReadMore(ReadOnlySpan<char> line) => line.Length <= LongestMore && IsOneOf(line.TrimEnd(" .…»›>→"), MoreTexts);

    /// <summary>Whether a line is four links or more with separators between, such as <c>Home | News | About | Contact</c>.</summary>
    public static bool IsRowOfLinks(ReadOnlySpan<char> line)
    {
        const int Fewest = 4;
        const int LongestLink = 25;
        foreach (var separator in "|»›·•")
        {
            if (line.Count(separator) < Fewest - 1) continue;
            var isRow = true;
            foreach (var range in line.Split(separator))
            {
                var part = line[range].Trim();
                isRow &= part.Length <= LongestLink && (part.IsEmpty || (char.IsLetter(part[0]) && part[^1] is not ('.' or ',' or ';')));
            }

            // The row of a table of Markdown begins with its separator.
            if (isRow && line[0] != separator) return true;
        }

        return false;
    }

    /// <summary>The number of stretches without white space, up to what is enough.</summary>
    public static int CountWords(ReadOnlySpan<char> line, int enough)
    {
        var count = 0;
        for (var i = 0; i < line.Length && count < enough; i++)
        {
            if (!char.IsWhiteSpace(line[i]) && (i == 0 || char.IsWhiteSpace(line[i - 1]))) count++;
        }

        return count;
    }

    private static bool IsNumber(ReadOnlySpan<char> part)
    {
        if (part[^1] is 'k' or 'K' or 'M' or '+') part = part[..^1];
        if (part.IsEmpty) return false;
        foreach (var unit in part)
        {
            if (!char.IsAsciiDigit(unit) && unit != '.') return false;
        }

        return true;
    }

    private static bool IsOneOf(ReadOnlySpan<char> text, string[] texts)
    {
        foreach (var one in texts)
        {
            if (text.Equals(one, StringComparison.OrdinalIgnoreCase)) return true;
        }

        return false;
    }
}
