namespace Coppice.Corpus.Extraction;

/// <summary>
/// Finds repeated structure: neighbours of the same name and class that each have a linked title and little else are teasers of other pages, whatever their names say.
/// </summary>
internal static class TeaserLists
{
    private const int Fewest = 3;
    private const int MostBlocks = 10;
    private const int ShortestTitle = 15;
    private const int LongestSummary = 350;
    private const double MostOfPage = 0.5;
    private const double MostOfReadOn = 0.3;

    /// <summary>Drops runs of teasers, unless the page is made of them.</summary>
    /// <param name="page">The page.</param>
    public static void Drop(Page page)
    {
        var runs = new Dictionary<(PageNode Parent, string Signature), List<PageNode>>();
        foreach (var node in page.Nodes)
        {
            if (node.Parent is null || !IsTeaser(page, node)) continue;
            var key = (node.Parent, node.Signature);
            if (!runs.TryGetValue(key, out var run)) runs[key] = run = [];
            run.Add(node);
        }

        foreach (var run in runs.Values)
        {
            if (run.Count < Fewest || run.Sum(page.RunningOf) > MostOfPage * page.RunningOf(page.Body)) continue;
            foreach (var node in run)
            {
                for (var index = node.First; index < node.End; index++) page.Blocks[index].Dropped = true;
            }
        }
    }

    /// <summary>Drops paragraphs that end in a link to read on, unless the page is made of them.</summary>
    /// <param name="page">The page.</param>
    public static void DropReadOn(Page page)
    {
        var teasers = page.Blocks.FindAll(block => !block.Dropped && BoilerplatePhrases.EndsInReadOn(block));
        var running = teasers.Where(block => block.Class >= BlockClass.NearGood).Sum(block => block.Text.Length);
        if (running > MostOfReadOn * page.RunningOf(page.Body)) return;
        foreach (var block in teasers) block.Dropped = true;
    }

    private static bool IsTeaser(Page page, PageNode node)
    {
        if (node.End - node.First is < 2 or > MostBlocks || page.LinksOf(node) < ShortestTitle || page.PlainOf(node) > LongestSummary) return false;
        for (var index = node.First; index < node.End; index++)
        {
            if (page.Blocks[index].LinkDensity > 0.9 && page.Blocks[index].Text.Length >= ShortestTitle) return true;
        }

        return false;
    }
}
