namespace Coppice.Corpus.Extraction;

/// <summary>A page as blocks and nodes.</summary>
internal sealed class Page
{
    private readonly int[] _text;
    private readonly int[] _links;

    public Page(List<PageBlock> blocks, List<PageNode> nodes)
    {
        Blocks = blocks;
        Nodes = nodes;
        _text = new int[blocks.Count + 1];
        _links = new int[blocks.Count + 1];
        for (var index = 0; index < blocks.Count; index++)
        {
            _text[index + 1] = _text[index] + blocks[index].Text.Length;
            _links[index + 1] = _links[index] + blocks[index].LinkCharacters;
        }
    }

    /// <summary>The blocks in the order of the page.</summary>
    public IReadOnlyList<PageBlock> Blocks { get; }

    /// <summary>The nodes, outer ones before inner ones; the first is the body.</summary>
    public IReadOnlyList<PageNode> Nodes { get; }

    public PageNode Body => Nodes[0];

    /// <summary>Characters of text in a node.</summary>
    public int TextOf(PageNode node) => _text[node.End] - _text[node.First];

    /// <summary>Characters of text in a node that belong to links.</summary>
    public int LinksOf(PageNode node) => _links[node.End] - _links[node.First];

    /// <summary>Characters of text in a node that belong to no link.</summary>
    public int PlainOf(PageNode node) => TextOf(node) - LinksOf(node);

    public double LinkDensityOf(PageNode node) => TextOf(node) == 0 ? 0 : (double)LinksOf(node) / TextOf(node);
}
