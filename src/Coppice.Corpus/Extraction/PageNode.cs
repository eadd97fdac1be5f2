namespace Coppice.Corpus.Extraction;

/// <summary>An element of a page that makes blocks: what is inline has no node. Blocks are numbered through the page, so that a node is a range of them.</summary>
/// <param name="tag">The element's name in lower case.</param>
/// <param name="parent">The node around it; null for the body.</param>
internal sealed class PageNode(string tag, PageNode? parent)
{
    public string Tag { get; } = tag;

    public PageNode? Parent { get; } = parent;

    public int Depth { get; } = parent is null ? 0 : parent.Depth + 1;

    /// <summary>Its name and first class: what neighbours of one kind have in common.</summary>
    public required string Signature { get; init; }

    /// <summary>The first block inside.</summary>
    public int First { get; init; }

    /// <summary>The block after the last inside.</summary>
    public int End { get; set; }

    /// <summary>What its name, class and id say against it.</summary>
    public Boilerplate Boilerplate { get; init; }

    /// <summary>What its name, class and id say for it.</summary>
    public ContentHint Hint { get; init; }

    /// <summary>Of an item of a numbered list, its number; else 0.</summary>
    public int Number { get; init; }

    /// <summary>How many of the twelve columns of a grid it takes; 0 where it is in none.</summary>
    public int Width { get; init; }

    /// <summary>How many items it has, of a list.</summary>
    public int Items { get; set; }

    /// <summary>The nearest node with a name, going outwards from this one itself, or null.</summary>
    public PageNode? Nearest(string tag)
    {
        for (var node = this; node is not null; node = node.Parent)
        {
            if (node.Tag == tag) return node;
        }

        return null;
    }

    public bool IsInside(PageNode other)
    {
        for (var node = this; node is not null && node.Depth >= other.Depth; node = node.Parent)
        {
            if (node == other) return true;
        }

        return false;
    }
}

/// <summary>How sure it is, by name, class and id, that an element is not content.</summary>
internal enum Boilerplate
{
    None,

    /// <summary>Mostly not: teasers, author boxes, captions. Kept where it holds much of the page.</summary>
    Weak,

    /// <summary>Hardly ever: navigation, footers, advertisements. Kept where it holds nearly all of the page.</summary>
    Strong,

    /// <summary>What readers wrote under the text; it may well be longer than the text.</summary>
    Comments,

    /// <summary>Questions about cookies and consent: they may be longer than the text too, and never are the text.</summary>
    Notice,
}

/// <summary>What an element's name, class and id promise, the most precise last.</summary>
internal enum ContentHint
{
    None,

    /// <summary>The middle of the page: <c>main</c>, <c>id="content"</c>.</summary>
    Main,

    /// <summary>An article with its heading, and maybe its surroundings: <c>article</c>, <c>class="post"</c>.</summary>
    Article,

    /// <summary>The text of an article: <c>itemprop="articleBody"</c>, <c>class="entry-content"</c>.</summary>
    Body,

    /// <summary>A first paragraph that is set apart, such as <c>class="lead"</c>.</summary>
    Lead,
}
