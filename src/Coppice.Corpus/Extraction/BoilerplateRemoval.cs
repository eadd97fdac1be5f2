namespace Coppice.Corpus.Extraction;

/// <summary>Drops the blocks of a page that are not content, whatever their text: by the names of elements, by links, and by what headings announce.</summary>
internal static class BoilerplateRemoval
{
    private const double MostOfNotice = 0.9;
    private const double MostOfStrong = 0.7;
    private const double MostOfWeak = 0.4;
    private const int TooLittleWithoutComments = 200;
    private const int TooLittleRunning = 300;
    private const int LongestLabel = 50;
    private const double LeastOfBody = 0.25;
    private const double LinkFarm = 0.6;
    private const int MostOfFarm = 400;

    /// <summary>Drops what names speak against, unless it holds so much of the page's running text that the name must mean something else.</summary>
    /// <param name="page">The page.</param>
    /// <param name="least">How sure the names must be: <see cref="Boilerplate.Weak"/> drops most.</param>
    public static void ByName(Page page, Boilerplate least)
    {
        var comments = Outermost(page, Boilerplate.Comments).ToList();
        var commentsAreAll = page.PlainOf(page.Body) - comments.Sum(page.PlainOf) < TooLittleWithoutComments;
        Func<PageNode, int> size = page.RunningOf(page.Body) < TooLittleRunning ? page.PlainOf : page.RunningOf;
        var total = size(page.Body) - (commentsAreAll ? 0 : comments.Sum(size));
        var body = LargestBody(page);
        foreach (var node in page.Nodes)
        {
            if (node.Boilerplate == Boilerplate.None || node.Boilerplate < least) continue;
            var drops = node.Boilerplate switch
            {
                Boilerplate.Notice => size(node) <= MostOfNotice * total,
                Boilerplate.Comments => !commentsAreAll,
                _ when body is not null && body.IsInside(node) => false,
                Boilerplate.Strong => size(node) <= MostOfStrong * total,
                _ => size(node) <= MostOfWeak * total && !HoldsFigureOfText(page, node),
            };
            if (drops) Drop(page, node.First, node.End);
        }
    }

    // What is called the text of an article, and is long enough for one, is not dropped for the names of what is around it.
    private static PageNode? LargestBody(Page page)
    {
        PageNode? largest = null;
        foreach (var node in page.Nodes)
        {
            if (node.Hint == ContentHint.Body && page.RunningOf(node) > (largest is null ? TooLittleRunning : page.RunningOf(largest))) largest = node;
        }

        return largest is not null && page.RunningOf(largest) >= LeastOfBody * page.RunningOf(page.Body) ? largest : null;
    }

    /// <summary>Drops lists, tables and sections that are links for the most part and have no paragraph. What was dropped before does not count.</summary>
    public static void LinkFarms(Page page)
    {
        foreach (var node in page.Nodes)
        {
            if (node.Parent is null || node.Hint >= ContentHint.Article || page.LinksOf(node) == 0) continue;
            int blocks = 0, text = 0, links = 0;
            for (var index = node.First; index < node.End && blocks >= 0; index++)
            {
                var block = page.Blocks[index];
                if (block.Dropped) continue;
                blocks = block.Class >= BlockClass.NearGood ? int.MinValue : blocks + 1;
                text += block.Text.Length;
                links += block.LinkCharacters;
            }

            if (blocks >= 2 && links >= LinkFarm * text && text - links < MostOfFarm) Drop(page, node.First, node.End);
        }
    }

    /// <summary>Drops the sections that headings announce as comments, related articles, about the author and the like; and lines that only lead elsewhere.</summary>
    public static void ByPhrase(Page page)
    {
        var afterText = false;
        for (var index = 0; index < page.Blocks.Count; index++)
        {
            var block = page.Blocks[index];
            if (block.Dropped) continue;
            afterText |= block.Class >= BlockClass.NearGood;
            if (block.Kind == BlockKind.Heading && DropAnnounced(page, index, afterText)) continue;
            if (BoilerplatePhrases.IsLine(block)) block.Dropped = true;
            else if (block.Text.Length < LongestLabel && block.Kind is BlockKind.Text or BlockKind.Paragraph) DropAnnounced(page, index, afterText);
        }
    }

    private static bool DropAnnounced(Page page, int index, bool afterText)
    {
        var text = page.Blocks[index].Text;

        // Before the text, a comment is what newspapers call an opinion.
        if (afterText && BoilerplatePhrases.AnnouncesComments(text)) Drop(page, index, EndOfSection(page, index, throughText: true));
        else if (BoilerplatePhrases.AnnouncesOther(text)) Drop(page, index, EndOfSection(page, index, throughText: false));
        else return false;
        return true;
    }

    // To the next heading that is no deeper, or the end of what holds the heading; through running text only where that is announced.
    private static int EndOfSection(Page page, int heading, bool throughText)
    {
        var block = page.Blocks[heading];
        var holder = block.Node;
        while (holder.Parent is { } parent && holder.First == heading && OnlyShort(page, heading + 1, holder.End)) holder = parent;
        var level = block.HeadingLevel;
        for (var index = heading + 1; index < holder.End; index++)
        {
            var next = page.Blocks[index];
            if (next.Kind == BlockKind.Heading && next.HeadingLevel <= level) return index;
            if (!throughText && next.Class >= BlockClass.NearGood && next.LinkDensity < 0.2) return index;
        }

        return holder.End;
    }

    // The heading may share what holds it with buttons.
    private static bool OnlyShort(Page page, int first, int end)
    {
        for (var index = first; index < end; index++)
        {
            if (page.Blocks[index].Class >= BlockClass.NearGood || page.Blocks[index].Kind == BlockKind.Heading) return false;
        }

        return true;
    }

    private static void Drop(Page page, int first, int end)
    {
        for (var index = first; index < end; index++) page.Blocks[index].Dropped = true;
    }

    // Tables, code and quotations are often set as figures.
    private static bool HoldsFigureOfText(Page page, PageNode node)
    {
        if (node.Tag != "figure") return false;
        for (var index = node.First; index < node.End; index++)
        {
            if (page.Blocks[index].Kind is BlockKind.Cell or BlockKind.Code or BlockKind.Quote) return true;
        }

        return false;
    }

    private static IEnumerable<PageNode> Outermost(Page page, Boilerplate boilerplate)
    {
        var end = 0;
        foreach (var node in page.Nodes)
        {
            if (node.Boilerplate != boilerplate || node.First < end) continue;
            end = node.End;
            yield return node;
        }
    }
}
