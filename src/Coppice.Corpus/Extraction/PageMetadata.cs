using AngleSharp.Dom;

namespace Coppice.Corpus.Extraction;

/// <summary>What a page says about itself in its head, in structured data and in a few well-known elements.</summary>
internal sealed class PageMetadata
{
    private static readonly string[] DateProperties =
    [
        "article:published_time", "og:article:published_time", "og:published_time", "datepublished", "date", "dc.date", "dc.date.issued", "dc.date.created", "dcterms.date",
        "dcterms.issued", "dcterms.created", "citation_publication_date", "citation_date", "sailthru.date", "parsely-pub-date", "pubdate", "publishdate", "publish-date",
        "publish_date", "publication_date", "article_date_original", "cxenseparse:recs:publishtime", "originalpublicationdate", "displaydate", "article:modified_time", "og:updated_time",
        "last-modified",
    ];

    private static readonly string[] Separators = [" | ", " — ", " – ", " - ", " » ", " :: ", " · "];

    private readonly Dictionary<string, string> _properties = new(StringComparer.OrdinalIgnoreCase);

    private PageMetadata()
    {
    }

    public string? Title { get; private set; }

    public string? Date { get; private set; }

    public string? Url { get; private set; }

    public string? Licence { get; private set; }

    /// <summary>The text of the article as structured data has it, where it has.</summary>
    public string? ArticleBody { get; private set; }

    public static PageMetadata Read(IDocument document, string? knownUrl)
    {
        var data = new PageMetadata();
        string? canonical = null, firstHeading = null, documentTitle = null, time = null, licence = null;
        var headings = 0;
        var structured = new StructuredData();
        foreach (var element in document.All)
        {
            switch (element.LocalName)
            {
                case "meta":
                    var name = element.GetAttribute("property") ?? element.GetAttribute("name") ?? element.GetAttribute("itemprop");
                    if (name is { Length: > 0 } && element.GetAttribute("content")?.Trim() is { Length: > 0 } content) data._properties.TryAdd(name, content);
                    break;
                case "link" when canonical is null && Relation(element) == "canonical":
                    canonical = element.GetAttribute("href");
                    break;
                case "a" or "link" when licence is null && Relation(element).Contains("license", StringComparison.Ordinal):
                    licence = Licences.FromUrl(element.GetAttribute("href"));
                    break;
                case "title" when documentTitle is null && element.ParentElement?.LocalName == "head":
                    documentTitle = Collapse(element.TextContent);
                    break;
                case "h1" when headings++ == 0:
                    firstHeading = Collapse(element.TextContent);
                    break;
                case "time" or "abbr" or "span" or "div" or "p" when time is null:
                    time = DateOf(element);
                    break;
                case "script" when string.Equals(element.GetAttribute("type"), "application/ld+json", StringComparison.OrdinalIgnoreCase):
                    structured.Add(element.TextContent);
                    break;
            }
        }

        data.Title = ChooseTitle(structured.Headline, data.Property("og:title") ?? data.Property("twitter:title"), headings == 1 ? firstHeading : null, documentTitle, data.Property("og:site_name"))
            ?? firstHeading;
        data.Url = WebAddress(canonical) ?? WebAddress(data.Property("og:url")) ?? WebAddress(structured.Url);
        data.Date = PageDates.Parse(structured.Date)
            ?? DateProperties.Select(property => PageDates.Parse(data.Property(property))).FirstOrDefault(date => date is not null)
            ?? time
            ?? PageDates.FromUrl(data.Url ?? knownUrl);
        data.Licence = licence;
        data.ArticleBody = structured.ArticleBody;
        return data;
    }

    private string? Property(string name) => _properties.GetValueOrDefault(name);

    private static string Relation(IElement element) => element.GetAttribute("rel")?.ToLowerInvariant() ?? "";

    // The first element that dates the page: a time, or what a theme calls its date.
    private static string? DateOf(IElement element)
    {
        if (element.LocalName == "time" || element.GetAttribute("itemprop") is "datePublished")
        {
            return PageDates.Parse(element.GetAttribute("datetime") ?? element.GetAttribute("content")) ?? PageDates.Find(element.TextContent);
        }

        if (element.Attributes.Length == 0) return null;
        if (element.LocalName == "abbr" && element.ClassName?.Contains("published", StringComparison.Ordinal) == true) return PageDates.Parse(element.GetAttribute("title"));
        foreach (var token in ElementNames.Of(element).Tokens)
        {
            if (token.Together is "date" or "entrydate" or "postdate" or "articledate" or "publishdate" or "published" or "pubdate" or "datepublished" or "publicationdate" or "dateheader"
                or "timestamp" or "datum" or "postedon" or "dateline" or "metadate" or "newsdate" or "createdate" or "created" or "fecha")
            {
                return element.TextContent.Length > 200 ? null : PageDates.Find(element.TextContent);
            }
        }

        return null;
    }

    private static string? ChooseTitle(string? headline, string? property, string? heading, string? documentTitle, string? site)
    {
        if (Collapse(headline) is { Length: > 0 } structured) return structured;
        if (heading is { Length: > 0 } && (Heads(property, heading) || Heads(documentTitle, heading))) return heading;
        return Collapse(property) is { Length: > 0 } shared ? WithoutSite(shared, site)
            : documentTitle is { Length: > 0 } ? WithoutSite(documentTitle, site)
            : heading;
    }

    // Not a smaller part at the end: some sites set their name as the main heading.
    private static bool Heads(string? longer, string heading) => longer is not null
        && (Separators.Any(separator => longer.StartsWith(heading + separator, StringComparison.OrdinalIgnoreCase))
            || (heading.Length >= 0.4 * longer.Length && longer.Contains(heading, StringComparison.OrdinalIgnoreCase)));

    // "Title | Site", "Title - Site": without a site's name, the longest part counts where it is most of the whole.
    private static string WithoutSite(string title, string? site)
    {
        foreach (var separator in Separators)
        {
            var at = title.LastIndexOf(separator, StringComparison.Ordinal);
            if (at <= 0) continue;
            var (before, after) = (title[..at].Trim(), title[(at + separator.Length)..].Trim());
            if (site is not null && string.Equals(after, site, StringComparison.OrdinalIgnoreCase)) return before;
            if (before.Length > 2 * after.Length && after.Count(char.IsWhiteSpace) < 4) return before;
        }

        return title;
    }

    private static string? WebAddress(string? address) =>
        Uri.TryCreate(address, UriKind.Absolute, out var uri) && uri.Scheme is "http" or "https" ? uri.OriginalString : null;

    private static string? Collapse(string? text) => text is null ? null : string.Join(' ', text.Split((char[]?)null, StringSplitOptions.RemoveEmptyEntries));
}
