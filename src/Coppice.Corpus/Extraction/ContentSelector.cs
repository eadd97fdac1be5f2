namespace Coppice.Corpus.Extraction;

/// <summary>Where the main content is.</summary>
/// <param name="Node">What holds it.</param>
/// <param name="Hint">How it was found: by name, or, <see cref="ContentHint.None"/>, by where the text is densest.</param>
internal readonly record struct Selection(PageNode Node, ContentHint Hint);

/// <summary>
/// Finds what holds the main content. Names come first, the most precise ones first, if enough of the page's running text is under them; else one goes from the body
/// inwards as long as one child holds nearly all running text. Running text is what <see cref="BlockClassifier"/> takes for it, so that names and text must agree.
/// </summary>
internal sealed class ContentSelector
{
    private const int LeastText = 70;
    private const double MostOfText = 0.7;
    private readonly Page _page;
    private readonly int[] _good;
    private readonly int[] _text;
    private readonly int[] _links;

    public ContentSelector(Page page)
    {
        _page = page;
        _good = new int[page.Blocks.Count + 1];
        _text = new int[page.Blocks.Count + 1];
        _links = new int[page.Blocks.Count + 1];
        for (var index = 0; index < page.Blocks.Count; index++)
        {
            var block = page.Blocks[index];
            _text[index + 1] = _text[index] + (block.Dropped ? 0 : block.Text.Length);
            _links[index + 1] = _links[index] + (block.Dropped ? 0 : block.LinkCharacters);
            _good[index + 1] = _good[index] + (block.Dropped || block.Class < BlockClass.NearGood ? 0 : block.Text.Length - block.LinkCharacters);
        }
    }

    /// <summary>Characters of running text in a node.</summary>
    public int GoodOf(PageNode node) => _good[node.End] - _good[node.First];

    /// <summary>Characters in a node that were not dropped.</summary>
    public int TextOf(PageNode node) => _text[node.End] - _text[node.First];

    /// <summary>How much of what was not dropped in a node belongs to links.</summary>
    public double LinkDensityOf(PageNode node) => TextOf(node) == 0 ? 0 : (double)(_links[node.End] - _links[node.First]) / TextOf(node);

    public Selection Select()
    {
        foreach (var (hint, share) in (ReadOnlySpan<(ContentHint, double)>)[(ContentHint.Body, 0.25), (ContentHint.Article, 0.55), (ContentHint.Main, 0.5)])
        {
            if (ByHint(hint, share) is { } found) return found;
        }

        return new Selection(Densest(_page.Body, 0.8), ContentHint.None);
    }

    private Selection? ByHint(ContentHint hint, double share)
    {
        var total = GoodOf(_page.Body);
        PageNode? best = null;
        foreach (var node in _page.Nodes)
        {
            // What is deeper and has nearly as much has less around it.
            if (node.Hint != hint) continue;
            if (best is null || (node.IsInside(best) ? GoodOf(node) >= 0.95 * GoodOf(best) : GoodOf(node) > GoodOf(best))) best = node;
        }

        if (best is null || GoodOf(best) == 0) return null;
        var together = WithSiblings(best, hint);
        if (GoodOf(together) < LeastText) return null;
        if (together != best && GoodOf(together) >= share * total) return new Selection(together, hint == ContentHint.Body ? ContentHint.Article : hint);
        if (GoodOf(best) < share * total) return null;
        return new Selection(hint == ContentHint.Main ? Densest(best, 0.9) : best, hint);
    }

    // An article in several pieces, or several articles on one page: what holds them, if it holds not much else.
    private PageNode WithSiblings(PageNode best, ContentHint hint)
    {
        var around = best;
        var sum = GoodOf(best);
        var counted = best;
        foreach (var node in _page.Nodes)
        {
            if (node.Hint != hint || node.IsInside(best) || best.IsInside(node) || (counted != best && node.IsInside(counted))) continue;
            if (GoodOf(node) < 0.15 * GoodOf(best)) continue;
            sum += GoodOf(node);
            counted = node;
            while (!node.IsInside(around)) around = around.Parent!;
        }

        return around.Parent is not null && sum >= 1.2 * GoodOf(best) && sum >= 0.85 * GoodOf(around) ? around : best;
    }

    // What is left of it has few links: its short lines are text too.
    private bool IsText(PageNode node) => LinkDensityOf(node) < 0.15;

    // Readability joins the siblings of the best paragraph's parent; going inwards until the text parts comes to the same node.
    private PageNode Densest(PageNode from, double share)
    {
        var node = from;
        var goal = GoodOf(node);
        while (true)
        {
            PageNode? inner = null;
            foreach (var child in _page.Nodes)
            {
                if (child.Parent == node && child.End - child.First > 1 && GoodOf(child) >= share * goal) inner = child;
            }

            if (inner is null || (from.Hint == ContentHint.Main && IsText(node) && TextOf(inner) < MostOfText * TextOf(node)) || inner.Tag is "p" or "ul" or "ol" or "table" or "blockquote" or "li" or "dl") return node;
            node = inner;
        }
    }
}
