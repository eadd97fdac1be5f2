namespace Coppice.Corpus.Extraction;

/// <summary>The phrases under which pages are dropped.</summary>
public static class ExtractionReasons
{
    /// <summary>A page above <see cref="HtmlLimits.MaximumCharacters"/>.</summary>
    public const string TooLong = "HTML longer than the limit";

    /// <summary>A page above <see cref="HtmlLimits.MaximumTags"/>.</summary>
    public const string TooManyTags = "HTML with more tags than the limit";

    /// <summary>A page nested deeper than <see cref="HtmlLimits.MaximumDepth"/>, or so that parsing it would take out of proportion long.</summary>
    public const string TooDeep = "HTML nested deeper than the limit";

    /// <summary>A tag with a thousand attributes.</summary>
    public const string TooManyAttributes = "HTML tag with too many attributes";

    /// <summary>A page without a text of its own: links, forms and notices only.</summary>
    public const string NoMainContent = "no main content found";
}
