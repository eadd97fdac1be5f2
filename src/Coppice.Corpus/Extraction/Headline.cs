namespace Coppice.Corpus.Extraction;

/// <summary>
/// The headline, and what stands between it and the text: sub-headings and the lead. Themes often set them apart from the text, above the pictures.
/// </summary>
internal static class Headline
{
    private const int Shortest = 3;
    private const int Longest = 250;
    private const int ShortestLead = 25;
    private const int FarthestLead = 40;
    private const int FarthestHeading = 5;
    private const int RepeatsWithin = 5;
    private const double MostOfTitle = 0.4;

    /// <summary>Sets headline and lead before the text, where they are not in it yet, and takes away what stands before the headline: its date, its section, its pictures.</summary>
    /// <param name="page">The page, with what is not content dropped.</param>
    /// <param name="blocks">The text.</param>
    /// <param name="title">The page's title, or null.</param>
    public static List<PageBlock> Open(Page page, List<PageBlock> blocks, string? title)
    {
        if (blocks.Count == 0) return blocks;
        var first = page.Blocks.IndexOf(blocks[0]);
        var running = blocks.FindIndex(block => block.Class >= BlockClass.NearGood);
        var headline = OfTitle(page, running < 0 ? first : page.Blocks.IndexOf(blocks[running]), Letters(title));
        if (headline >= 0 && blocks.IndexOf(page.Blocks[headline]) is > 0 and var inside) blocks.RemoveRange(0, inside);
        else if (headline < 0) headline = ByPlace(page, first);
        if (headline < 0) return blocks;

        List<PageBlock> opening = [page.Blocks[headline]];
        for (var index = headline + 1; index < first; index++)
        {
            if (Continues(page.Blocks[index], index - headline, first - headline)) opening.Add(page.Blocks[index]);
        }

        opening.RemoveAll(block => blocks.Contains(block) || blocks.Take(RepeatsWithin).Any(other => other.Text == block.Text));
        opening.AddRange(blocks);
        return opening;
    }

    // The last heading before the running text that is the title, or else the last other block that is.
    private static int OfTitle(Page page, int running, string title)
    {
        var other = -1;
        for (var index = running; index >= 0; index--)
        {
            var block = page.Blocks[index];
            if (block.Text.Length is < Shortest or > Longest || !IsTitle(Letters(block.Text), title)) continue;
            if (block.Kind == BlockKind.Heading) return index;
            if (other < 0 && index < running && !block.Dropped && block.LinkDensity < 0.5 && block.Kind != BlockKind.Item) other = index;
        }

        return other;
    }

    // Without a title to go by: the last main heading, if it is no link to the site's home, or the heading of the article around the text.
    private static int ByPlace(Page page, int first)
    {
        for (var index = first - 1; index >= 0; index--)
        {
            var block = page.Blocks[index];
            if (IsHeadline(block) && block is { Dropped: false, LinkDensity: < 0.5, HeadingLevel: 1 }) return index;
        }

        var best = -1;
        for (var index = first - 1; index >= Math.Max(0, first - FarthestHeading); index--)
        {
            if (!IsHeadline(page.Blocks[index]) || !SharesArticle(page.Blocks[index].Node, page.Blocks[first].Node)) continue;
            if (best < 0 || page.Blocks[index].HeadingLevel < page.Blocks[best].HeadingLevel) best = index;
        }

        return best;
    }

    private static bool IsHeadline(PageBlock block) => block.Kind == BlockKind.Heading && block.Text.Length is >= Shortest and <= Longest;

    private static bool SharesArticle(PageNode heading, PageNode text)
    {
        for (var node = heading.Parent; node is not null; node = node.Parent)
        {
            if (node.Hint == ContentHint.Article) return text.IsInside(node);
        }

        return false;
    }

    private static bool IsTitle(string text, string title)
    {
        if (text.Length < Shortest || title.Length < Shortest) return false;
        if (title.Contains(text, StringComparison.Ordinal)) return text.Length >= MostOfTitle * title.Length;
        return text.Contains(title, StringComparison.Ordinal) && title.Length >= MostOfTitle * text.Length;
    }

    private static bool Continues(PageBlock block, int distance, int distanceToText)
    {
        if (block.Dropped || block.LinkDensity > 0.2 || block.Text.Length < ShortestLead) return false;
        if (Page.IsInside(block, ContentHint.Lead) || (block.Kind == BlockKind.Heading && distance <= 2)) return true;
        return distanceToText <= FarthestLead && block.Class >= BlockClass.NearGood && block.Kind is BlockKind.Text or BlockKind.Paragraph;
    }

    private static string Letters(string? text) => text is null ? "" : string.Concat(text.Where(char.IsLetterOrDigit)).ToLowerInvariant();
}
