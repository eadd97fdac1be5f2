using System.Globalization;
using System.Text;

namespace Coppice.Corpus.Extraction;

/// <summary>
/// Blocks as plain text: an empty line between blocks, items of a list and rows of a table each on a line of their own, numbered or dashed, cells apart by bars, code as it was.
/// </summary>
internal static class PlainTextWriter
{
    public static string Write(IReadOnlyList<PageBlock> blocks)
    {
        var text = new StringBuilder();
        PageBlock? before = null;
        foreach (var block in blocks)
        {
            var item = block.Node.Nearest("li");
            var row = block.Kind == BlockKind.Cell ? block.Node.Nearest("tr") : null;
            if (before is not null)
            {
                if (row is not null && before.Kind == BlockKind.Cell && before.Node.Nearest("tr") == row) text.Append(" | ");
                else if (InOneList(before, block)) text.Append('\n');
                else text.Append("\n\n");
            }

            if (item is not null && block.Kind == BlockKind.Item && before?.Node.Nearest("li") != item) AppendMark(text, item);
            text.Append(block.Text);
            before = block;
        }

        return text.ToString();
    }

    private static void AppendMark(StringBuilder text, PageNode item)
    {
        for (var list = item.Parent?.Nearest("li"); list is not null; list = list.Parent?.Nearest("li")) text.Append("  ");
        if (item.Number > 0) text.Append(item.Number.ToString(CultureInfo.InvariantCulture)).Append(". ");
        else text.Append("- ");
    }

    private static bool InOneList(PageBlock first, PageBlock second) =>
        first.Kind == second.Kind && first.Kind is BlockKind.Item or BlockKind.Cell && Holder(first) is { } holder && holder == Holder(second);

    // The outermost list or table.
    private static PageNode? Holder(PageBlock block)
    {
        PageNode? holder = null;
        for (var node = block.Node; node is not null; node = node.Parent)
        {
            if (node.Tag is "ul" or "ol" or "dl" or "table") holder = node;
        }

        return holder;
    }
}
