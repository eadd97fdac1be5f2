namespace Coppice.Corpus.Extraction;

/// <summary>
/// The headline, and what stands between it and the text: sub-headings and the lead. Themes often set them apart from the text, above the pictures.
/// </summary>
internal static class Headline
{
    private const int Shortest = 5;
    private const int Longest = 250;
    private const int ShortestLead = 25;
    private const int FarthestLead = 40;
    private const int FarthestHeading = 5;

    /// <summary>The blocks to set before the text.</summary>
    /// <param name="page">The page, with what is not content dropped.</param>
    /// <param name="first">Its first block that was taken as text.</param>
    /// <param name="title">The page's title, or null.</param>
    public static List<PageBlock> Before(Page page, int first, string? title)
    {
        List<PageBlock> blocks = [];
        var headline = Find(page, first, title is null ? "" : Letters(title));
        if (headline < 0) return blocks;
        blocks.Add(page.Blocks[headline]);
        for (var index = headline + 1; index < first; index++)
        {
            if (Continues(page.Blocks[index], index - headline, first - headline)) blocks.Add(page.Blocks[index]);
        }

        return blocks;
    }

    // The last heading that is the title, or another block that is; without one, the heading of the article around the text, or the last main heading.
    private static int Find(Page page, int first, string title)
    {
        int ofArticle = -1, main = -1, other = -1;
        for (var index = first; index >= 0; index--)
        {
            var block = page.Blocks[index];
            if (block.Text.Length is < Shortest or > Longest) continue;
            if (block.Kind == BlockKind.Heading)
            {
                if (IsTitle(Letters(block.Text), title)) return index;
                if (ofArticle < 0 && index < first && first - index <= FarthestHeading && SharesArticle(block.Node, page.Blocks[first].Node)) ofArticle = index;
                if (main < 0 && index < first && !block.Dropped && block.LinkDensity < 0.5 && block.Node.Nearest("h1") is not null) main = index;
            }
            else if (other < 0 && index < first && !block.Dropped && block.LinkDensity < 0.5 && block.Kind != BlockKind.Item && IsTitle(Letters(block.Text), title))
            {
                other = index;
            }
        }

        return other >= 0 ? other : ofArticle >= 0 ? ofArticle : main;
    }

    private static bool SharesArticle(PageNode heading, PageNode text)
    {
        for (var node = heading.Parent; node is not null; node = node.Parent)
        {
            if (node.Hint == ContentHint.Article) return text.IsInside(node);
        }

        return false;
    }

    private static bool IsTitle(string heading, string title)
    {
        if (heading.Length < Shortest || title.Length < Shortest) return false;
        if (title.Contains(heading, StringComparison.Ordinal)) return heading.Length >= 0.4 * title.Length;
        return heading.Contains(title, StringComparison.Ordinal) && title.Length >= 0.4 * heading.Length;
    }

    private static bool Continues(PageBlock block, int distance, int distanceToText)
    {
        if (block.Dropped || block.LinkDensity > 0.2 || block.Text.Length < ShortestLead) return false;
        if (Page.IsInside(block, ContentHint.Lead) || (block.Kind == BlockKind.Heading && distance <= 2)) return true;
        return distanceToText <= FarthestLead && block.Class >= BlockClass.NearGood && block.Kind is BlockKind.Text or BlockKind.Paragraph;
    }

    private static string Letters(string text) => string.Concat(text.Where(char.IsLetterOrDigit)).ToLowerInvariant();
}
