namespace Coppice.Corpus.Extraction;

/// <summary>
/// The most that a page may ask for before it is parsed. Counts and not seconds, so that a page has the same fate on every machine and on any number of threads.
/// </summary>
public sealed record HtmlLimits
{
    /// <summary>The longest page, in UTF-16 units. Default 10 million.</summary>
    public int MaximumCharacters { get; init; } = 10_000_000;

    /// <summary>The most elements that may be open at once. Default 400; pages by hand or by a content system stay below 100.</summary>
    public int MaximumDepth { get; init; } = 400;

    /// <summary>The most tags. Default 500,000.</summary>
    public int MaximumTags { get; init; } = 500_000;

    /// <summary>The reason why a page is too much, or null where it is within the limits. Linear in the page's length; nothing is allocated that grows with it.</summary>
    /// <param name="html">The page.</param>
    /// <remarks>
    /// The rules of HTML parsing make small pages expensive on purpose: each tag may look through all elements that are open, and each paragraph opens all unclosed
    /// formatting elements anew. So both products are estimated here, by a look at the tags alone, and limited too.
    /// </remarks>
    public string? Exceeded(ReadOnlySpan<char> html)
    {
        if (html.Length > MaximumCharacters) return ExtractionReasons.TooLong;
        int depth = 0, formatting = 0, tags = 0;
        long work = 0;
        var scan = new TagScanner(html);
        while (scan.Next())
        {
            if (++tags > MaximumTags) return ExtractionReasons.TooManyTags;
            if (scan.Attributes > MaximumAttributes) return ExtractionReasons.TooManyAttributes;
            if (scan.IsFormatting)
            {
                formatting = Math.Max(0, formatting + (scan.IsEnd ? -1 : 1));
            }
            else if (scan.Nests)
            {
                depth = Math.Max(0, depth + (scan.IsEnd ? -1 : 1));
            }

            if (depth + formatting > MaximumDepth) return ExtractionReasons.TooDeep;
            work += depth + ((long)formatting * FormattingCost);
            if (work > MaximumWork) return ExtractionReasons.TooDeep;
        }

        return null;
    }

    private const int MaximumAttributes = 1000;
    private const int FormattingCost = 16;
    private const long MaximumWork = 60_000_000;
}
