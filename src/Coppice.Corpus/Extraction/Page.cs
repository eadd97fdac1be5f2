namespace Coppice.Corpus.Extraction;

/// <summary>A page as blocks and nodes.</summary>
internal sealed class Page
{
    private readonly int[] _text;
    private readonly int[] _links;
    private readonly int[] _running;

    public Page(List<PageBlock> blocks, List<PageNode> nodes)
    {
        Blocks = blocks;
        Nodes = nodes;
        _text = new int[blocks.Count + 1];
        _links = new int[blocks.Count + 1];
        _running = new int[blocks.Count + 1];
        BlockClassifier.Classify(blocks);
        for (var index = 0; index < blocks.Count; index++)
        {
            _text[index + 1] = _text[index] + blocks[index].Text.Length;
            _links[index + 1] = _links[index] + blocks[index].LinkCharacters;
            _running[index + 1] = _running[index] + (blocks[index].Class < BlockClass.NearGood ? 0 : blocks[index].Text.Length - blocks[index].LinkCharacters);
        }
    }

    /// <summary>The blocks in the order of the page.</summary>
    public List<PageBlock> Blocks { get; }

    /// <summary>The nodes, outer ones before inner ones; the first is the body.</summary>
    public IReadOnlyList<PageNode> Nodes { get; }

    public PageNode Body => Nodes[0];

    /// <summary>Whether a node around a block has a hint.</summary>
    public static bool IsInside(PageBlock block, ContentHint hint)
    {
        for (var node = block.Node; node is not null; node = node.Parent)
        {
            if (node.Hint == hint) return true;
        }

        return false;
    }

    /// <summary>Characters of text in a node.</summary>
    public int TextOf(PageNode node) => _text[node.End] - _text[node.First];

    /// <summary>Characters of text in a node that belong to links.</summary>
    public int LinksOf(PageNode node) => _links[node.End] - _links[node.First];

    /// <summary>Characters of text in a node that belong to no link.</summary>
    public int PlainOf(PageNode node) => TextOf(node) - LinksOf(node);

    /// <summary>Characters of running text in a node: of blocks that read like a text, without links.</summary>
    public int RunningOf(PageNode node) => _running[node.End] - _running[node.First];
}
