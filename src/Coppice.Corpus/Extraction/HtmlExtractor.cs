using AngleSharp.Html.Parser;
using Coppice.Foundation;

namespace Coppice.Corpus.Extraction;

/// <summary>What was found on a page.</summary>
/// <param name="Text">The main content as plain text.</param>
/// <param name="Title">The title, without the site's name, or null.</param>
/// <param name="Date">The date it was published, as <c>yyyy-MM-dd</c>, or null.</param>
/// <param name="Url">The address that the page gives as its own, or null.</param>
/// <param name="Licence">The licence that the page links to as its own, as SPDX names it, or null.</param>
public sealed record ExtractedPage(string Text, string? Title, string? Date, string? Url, string? Licence);

/// <summary>
/// The main content of HTML pages as plain text: without navigation, links to elsewhere, comments, notices and what else surrounds a text. One object a thread.
/// </summary>
/// <remarks>
/// Several ways in turn, in the manner of trafilatura (Barbaresi, ACL 2021): elements whose names say that they hold the text, if the running text agrees; the part
/// of the page where running text is densest (Readability's idea); paragraphs by themselves (jusText). Less is removed in a second and third attempt where the first
/// finds too little.
/// </remarks>
[Technique("main-content-extraction", Title = "Trafilatura: A Web Scraping Library and Command-Line Tool for Text Discovery and Extraction", Paper = "doi:10.18653/v1/2021.acl-demo.15")]
public sealed class HtmlExtractor
{
    private const int EnoughText = 250;
    private readonly HtmlParser _parser = new();
    private readonly HtmlLimits _limits;

    /// <summary>An extractor.</summary>
    /// <param name="limits">What a page may ask for; null for the defaults.</param>
    public HtmlExtractor(HtmlLimits? limits = null) => _limits = limits ?? new HtmlLimits();

    /// <summary>Extracts the main content.</summary>
    /// <param name="html">The page.</param>
    /// <param name="url">The address it was found at, if known: some dates are only there.</param>
    /// <param name="reason">Where nothing was extracted, why: one of <see cref="ExtractionReasons"/>.</param>
    /// <returns>The page's text and metadata, or null.</returns>
    public ExtractedPage? Extract(string html, string? url, out string? reason)
    {
        reason = _limits.Exceeded(html);
        if (reason is not null) return null;
        using var document = _parser.ParseDocument(html);
        var metadata = PageMetadata.Read(document, url);
        var text = document.Body is null ? "" : MainText(PageReader.Read(document.Body), metadata.Title);
        if (text.Length < EnoughText && document.Body is not null && MainText(PageReader.Read(document.Body, withHidden: true), metadata.Title) is var shown && shown.Length > EnoughText) text = shown;
        if (metadata.ArticleBody is { } body && text.Length < EnoughText && PlainArticleBody(body) is { } structured && structured.Length > 2 * text.Length) text = structured;
        if (text.Length == 0)
        {
            reason = ExtractionReasons.NoMainContent;
            return null;
        }

        return new ExtractedPage(text, metadata.Title, metadata.Date, metadata.Url, metadata.Licence);
    }

    private static string MainText(Page page, string? title)
    {
        var longest = "";
        foreach (var least in (ReadOnlySpan<Boilerplate>)[Boilerplate.Weak, Boilerplate.Strong])
        {
            foreach (var block in page.Blocks) block.Dropped = false;
            BoilerplateRemoval.ByName(page, least);
            TeaserLists.Drop(page);
            TeaserLists.DropReadOn(page);
            if (least == Boilerplate.Weak) GridColumns.Drop(page);
            BoilerplateRemoval.ByPhrase(page);
            BoilerplateRemoval.LinkFarms(page);
            var selector = new ContentSelector(page);
            var text = PlainTextWriter.Write(ContentAssembler.Assemble(page, selector, selector.Select(), title));
            if (text.Length >= EnoughText) return text;
            var baseline = PlainTextWriter.Write(ContentAssembler.Baseline(page, title));
            if (baseline.Length > 2 * text.Length) text = baseline;
            if (text.Length > longest.Length * 1.2) longest = text;
        }

        return longest.Length > 0 ? longest : PlainTextWriter.Write(ContentAssembler.ShortLines(page, title));
    }

    // Some publishers put the HTML of the article into the description.
    private string? PlainArticleBody(string body)
    {
        if (!body.Contains('<') && !body.Contains("&lt;", StringComparison.Ordinal)) return body.Trim();
        if (_limits.Exceeded(body) is not null) return null;
        using var document = _parser.ParseDocument(body);
        return document.Body is null ? null : PlainTextWriter.Write(PageReader.Read(document.Body).Blocks);
    }
}
