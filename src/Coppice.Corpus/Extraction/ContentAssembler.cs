namespace Coppice.Corpus.Extraction;

/// <summary>Chooses the blocks of the selected part: the surer the selection, the more of it is taken as it is.</summary>
internal static class ContentAssembler
{
    private const double LinkLine = 0.75;
    private const int LongestLinkLine = 250;
    private const double MostlyText = 0.4;
    private const double FewLinks = 0.15;
    private const int LongestLabel = 40;
    private const int FewestShortLines = 20;

    public static List<PageBlock> Assemble(Page page, ContentSelector selector, Selection selection, string? title)
    {
        var node = selection.Node;
        var sure = selection.Hint is ContentHint.Body or ContentHint.Article
            || (selector.GoodOf(node) >= MostlyText * selector.TextOf(node) && selector.LinkDensityOf(node) < FewLinks);
        var kept = sure ? Whole(page, node, selection.Hint) : BlockClassifier.InContext(page.Blocks, node.First, node.End);
        if (!sure) AddNeighbours(page, node, kept);
        var blocks = Leads(page, selection);
        for (var index = node.First; index < node.End; index++)
        {
            if (kept[index - node.First]) blocks.Add(page.Blocks[index]);
        }

        RemoveLooseHeadings(blocks);
        return Headline.Open(page, blocks, title);
    }

    /// <summary>Every block of the page that is a paragraph, an item, a quotation or code and not links for the most part: the last resort.</summary>
    public static List<PageBlock> Baseline(Page page, string? title)
    {
        var blocks = page.Blocks
            .Where(block => !block.Dropped && block.LinkDensity < 0.5 && (block.Kind is not (BlockKind.Text or BlockKind.Item or BlockKind.Cell) || block.Text.Length >= 60))
            .ToList();
        RemoveLooseHeadings(blocks);
        return Headline.Open(page, blocks, title);
    }

    /// <summary>What is left of the most promising part of a page that has no running text, only short lines.</summary>
    public static List<PageBlock> ShortLines(Page page, string? title)
    {
        var best = page.Body;
        foreach (var node in page.Nodes)
        {
            if (node.Hint is ContentHint.None or ContentHint.Lead || LeftOf(page, node) < FewestShortLines) continue;
            if (best == page.Body || node.Hint > best.Hint || (node.Hint == best.Hint && LeftOf(page, node) > LeftOf(page, best))) best = node;
        }

        var blocks = page.Blocks.Skip(best.First).Take(best.End - best.First).Where(block => !block.Dropped && block.LinkDensity < 0.5).ToList();
        RemoveLooseHeadings(blocks);
        return Headline.Open(page, blocks, title);
    }

    private static int LeftOf(Page page, PageNode node)
    {
        var left = 0;
        for (var index = node.First; index < node.End; index++)
        {
            if (page.Blocks[index] is { Dropped: false, LinkDensity: < 0.5 } block) left += block.Text.Length;
        }

        return left;
    }

    private static bool[] Whole(Page page, PageNode node, ContentHint hint)
    {
        var kept = new bool[node.End - node.First];
        int first = -1, last = -1;
        for (var index = node.First; index < node.End; index++)
        {
            var block = page.Blocks[index];
            kept[index - node.First] = !block.Dropped && !(block.LinkDensity > LinkLine && block.Text.Length < LongestLinkLine && block.Kind != BlockKind.Heading);
            if (!kept[index - node.First] || block.Class < BlockClass.NearGood) continue;
            if (first < 0) first = index;
            last = index;
        }

        if (first < 0) return kept;
        if (hint != ContentHint.Body)
        {
            for (var index = node.First; index < first; index++) kept[index - node.First] &= BelongsBefore(page.Blocks[index]);
        }

        for (var index = last + 1; index < node.End; index++) kept[index - node.First] &= BelongsAfter(page.Blocks[index], hint);
        return kept;
    }

    // Before the first paragraph: headings and sentences, but not the path, the date and the names.
    private static bool BelongsBefore(PageBlock block) =>
        block.Kind is BlockKind.Heading or BlockKind.Quote or BlockKind.Code || (block.Text.Length >= LongestLabel && BlockClassifier.EndsSentence(block.Text) && block.LinkDensity < 0.5);

    // After the last one: what ends an article, but not what themes put under it.
    private static bool BelongsAfter(PageBlock block, ContentHint hint)
    {
        if (block.LinkDensity > 0.3) return false;
        if (block.Kind is not (BlockKind.Text or BlockKind.Paragraph) || BlockClassifier.EndsSentence(block.Text)) return true;
        return hint == ContentHint.Body && (block.Kind == BlockKind.Paragraph || block.Text.Length >= LongestLabel / 2);
    }

    // Lists, tables, code and quotations next to what was kept belong to it, though their items are short; and so do the lines of one element.
    private static void AddNeighbours(Page page, PageNode node, bool[] kept)
    {
        for (var index = node.First + 1; index < node.End; index++)
        {
            var block = page.Blocks[index];
            if (kept[index - node.First] || block.Dropped || block.LinkDensity > 0.3 || !kept[index - 1 - node.First]) continue;
            kept[index - node.First] = block.Kind is BlockKind.Item or BlockKind.Cell or BlockKind.Code or BlockKind.Quote || block.Node == page.Blocks[index - 1].Node;
        }

        for (var index = node.End - 2; index >= node.First; index--)
        {
            var block = page.Blocks[index];
            if (!block.Dropped && block.LinkDensity <= 0.3 && block.Node == page.Blocks[index + 1].Node) kept[index - node.First] |= kept[index + 1 - node.First];
        }
    }

    // The first paragraph of an article is often set apart from the others, above the pictures.
    private static List<PageBlock> Leads(Page page, Selection selection)
    {
        List<PageBlock> leads = [];
        if (selection.Hint != ContentHint.Body) return leads;
        var article = selection.Node;
        for (var climbed = 0; climbed < 6 && article.Parent is { Parent: not null } && article.Hint != ContentHint.Article && article.Tag != "main"; climbed++) article = article.Parent;
        for (var index = article.First; index < selection.Node.First; index++)
        {
            var block = page.Blocks[index];
            if (block.Dropped || block.LinkDensity > 0.2 || block.Text.Length < LongestLabel || block.Kind == BlockKind.Heading) continue;
            if (IsLead(block, article) || (article.Hint == ContentHint.Article && block.Class >= BlockClass.NearGood)) leads.Add(block);
        }

        return leads;
    }

    private static bool IsLead(PageBlock block, PageNode article)
    {
        for (var node = block.Node; node is not null && node != article; node = node.Parent)
        {
            if (node.Hint == ContentHint.Lead) return true;
        }

        return false;
    }

    // A heading with nothing under it announced what was left out.
    private static void RemoveLooseHeadings(List<PageBlock> blocks)
    {
        var textFollows = false;
        for (var index = blocks.Count - 1; index >= 0; index--)
        {
            if (blocks[index].Kind != BlockKind.Heading) textFollows = true;
            else if (!textFollows && blocks[index].Text.Length < 200) blocks.RemoveAt(index);
        }
    }
}
