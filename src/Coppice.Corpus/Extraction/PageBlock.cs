namespace Coppice.Corpus.Extraction;

/// <summary>A piece of text without a block boundary in it: a paragraph, a heading, an item, a cell.</summary>
internal sealed class PageBlock
{
    public required PageNode Node { get; init; }

    public required BlockKind Kind { get; init; }

    /// <summary>The text, white space collapsed (but in code), lines of a <c>br</c> apart.</summary>
    public required string Text { get; init; }

    /// <summary>How many characters of the text belong to links.</summary>
    public required int LinkCharacters { get; init; }

    /// <summary>Whether it is left out.</summary>
    public bool Dropped { get; set; }

    public BlockClass Class { get; set; }

    /// <summary>1 to 6 within an <c>h1</c> to <c>h6</c>, else 7.</summary>
    public int HeadingLevel
    {
        get
        {
            for (var node = Node; node is not null; node = node.Parent)
            {
                if (node.Tag is ['h', >= '1' and <= '6']) return node.Tag[1] - '0';
            }

            return 7;
        }
    }

    public double LinkDensity => (double)LinkCharacters / Text.Length;
}

internal enum BlockKind
{
    /// <summary>Text in no element that says what it is.</summary>
    Text,
    Paragraph,
    Heading,
    Item,
    Cell,
    Code,
    Quote,
}

/// <summary>How much a block reads like a text, by itself.</summary>
internal enum BlockClass
{
    Bad,
    Short,
    NearGood,
    Good,
}
