using System.Globalization;
using System.Text.RegularExpressions;

namespace Coppice.Corpus.Extraction;

/// <summary>
/// Side columns by their width: style sheets that lay out pages in a grid of twelve columns (Bootstrap, Foundation, 960) write it into the class, as in <c>col-md-4</c>.
/// </summary>
internal static partial class GridColumns
{
    private const int Narrow = 4;
    private const int Wide = 7;
    private const int LeastOfWide = 300;
    private const double MostOfNarrow = 0.4;
    private const double LeastLinks = 0.1;

    /// <summary>How many of twelve columns an element takes on a large screen; 0 where its class does not say.</summary>
    /// <param name="classes">The class attribute, or null.</param>
    public static int WidthOf(string? classes)
    {
        if (string.IsNullOrEmpty(classes)) return 0;
        var least = 0;
        foreach (var match in Width().EnumerateMatches(classes))
        {
            var token = classes.AsSpan(match.Index, match.Length);
            var width = int.Parse(token[(token.LastIndexOfAnyExceptInRange('0', '9') + 1)..], CultureInfo.InvariantCulture);
            if (width is > 0 and <= 12 && (least == 0 || width < least)) least = width;
        }

        return least;
    }

    /// <summary>Drops what stands in a narrow column next to a wide one with much more running text, if it has links: what has none may be a table or a list of the text.</summary>
    /// <param name="page">The page.</param>
    public static void Drop(Page page)
    {
        Dictionary<PageNode, PageNode> wide = [];
        foreach (var node in page.Nodes)
        {
            if (node.Width >= Wide && page.RunningOf(node) >= LeastOfWide) wide[node.Parent!] = node;
        }

        foreach (var node in page.Nodes)
        {
            if (node.Width is 0 or > Narrow || page.LinksOf(node) < LeastLinks * page.TextOf(node) || !wide.TryGetValue(node.Parent!, out var neighbour) || page.RunningOf(node) > MostOfNarrow * page.RunningOf(neighbour)) continue;
            for (var index = node.First; index < node.End; index++) page.Blocks[index].Dropped = true;
        }
    }

    [GeneratedRegex(@"(?<![\w-])(?:col-(?:(?:sm|md|lg|xl)-)?|span-?|grid[_-]|large-|medium-)\d{1,2}(?![\w-])")]
    private static partial Regex Width();
}
