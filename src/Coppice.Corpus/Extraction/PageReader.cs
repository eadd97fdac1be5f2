using System.Text;
using AngleSharp.Dom;

namespace Coppice.Corpus.Extraction;

/// <summary>Turns a parsed page into blocks. Goes over the tree with a stack of its own, so that no depth overflows the thread's.</summary>
internal sealed class PageReader
{
    private readonly List<PageBlock> _blocks = [];
    private readonly List<PageNode> _nodes = [];
    private readonly StringBuilder _text = new();
    private PageNode _node;
    private int _linkCharacters;
    private int _linkDepth;
    private int _codeDepth;
    private bool _space;
    private readonly bool _withHidden;

    private PageReader(bool withHidden)
    {
        _withHidden = withHidden;
        _node = new PageNode("body", null) { Signature = "body" };
        _nodes.Add(_node);
    }

    /// <summary>Reads a page.</summary>
    /// <param name="body">Its body, or what stands for it.</param>
    /// <param name="withHidden">Whether what the page hides at first is read too: some show their text by a script.</param>
    public static Page Read(IElement body, bool withHidden = false)
    {
        var reader = new PageReader(withHidden);
        reader.Walk(body);
        reader.Flush();
        reader._node.End = reader._blocks.Count;
        return new Page(reader._blocks, reader._nodes);
    }

    private record struct Frame(INode Parent, INodeList Children, int Next, Opened Opened);

    private enum Opened
    {
        Inline,
        Link,
        Block,
        Code,
    }

    private void Walk(IElement body)
    {
        var stack = new Stack<Frame>();
        stack.Push(new Frame(body, body.ChildNodes, 0, Opened.Inline));
        while (stack.TryPop(out var frame))
        {
            if (frame.Next == frame.Children.Length)
            {
                Close(frame.Opened);
                continue;
            }

            var child = frame.Children[frame.Next];
            stack.Push(frame with { Next = frame.Next + 1 });
            if (child is IText text) Append(text.Data);
            else if (child is IElement element && Enter(element) is { } opened) stack.Push(new Frame(element, element.ChildNodes, 0, opened));
        }
    }

    // Null: nothing in the element is of use.
    private Opened? Enter(IElement element)
    {
        var tag = element.LocalName;
        switch (HtmlElements.RoleOf(tag))
        {
            case ElementRole.Ignored:
                return null;
            case ElementRole.Control:
                // Headings that fold their section are buttons.
                return HtmlElements.IsHeading(_node.Tag) ? Opened.Inline : null;
            case ElementRole.LineBreak:
                Break();
                return null;
            case ElementRole.Rule:
                Flush();
                return null;
            case ElementRole.Inline:
                if (IsHidden(element) || IsLabel(element)) return null;
                if (tag != "a" || !LeadsElsewhere(element)) return Opened.Inline;
                _linkDepth++;
                return Opened.Link;
            default:
                return EnterBlock(element, tag);
        }
    }

    private Opened? EnterBlock(IElement element, string tag)
    {
        if (IsHidden(element)) return null;
        Flush();
        var names = ElementNames.Of(element);
        var number = 0;
        if (tag == "li" && _node.Tag is "ol" or "ul")
        {
            _node.Items++;
            if (_node.Tag == "ol") number = _node.Items;
        }

        var hint = ContentWords.Judge(tag, names);
        var boilerplate = BoilerplateWords.Judge(tag, names, _node);

        // A teaser text above an article is its first paragraph.
        if (hint == ContentHint.Lead && boilerplate == Boilerplate.Weak) boilerplate = Boilerplate.None;
        _node = new PageNode(tag, _node)
        {
            Signature = tag + "." + (names.Tokens is [var first, ..] ? first.Together : ""),
            First = _blocks.Count,
            Boilerplate = boilerplate,
            Hint = hint,
            Number = number,
            Width = GridColumns.WidthOf(element.ClassName),
        };
        _nodes.Add(_node);
        if (tag is not ("pre" or "listing" or "xmp")) return Opened.Block;
        _codeDepth++;
        return Opened.Code;
    }

    private void Close(Opened opened)
    {
        switch (opened)
        {
            case Opened.Link:
                _linkDepth--;
                break;
            case Opened.Block or Opened.Code:
                Flush();
                if (opened == Opened.Code) _codeDepth--;
                _node.End = _blocks.Count;
                _node = _node.Parent!;
                break;
        }
    }

    private bool IsHidden(IElement element) => !_withHidden && HtmlElements.IsHidden(element);

    // Not where a heading links to itself.
    private bool LeadsElsewhere(IElement link) =>
        link.GetAttribute("href") is { } address && !(address.StartsWith('#') && HtmlElements.IsHeading(_node.Tag));

    // Share counters, edit links and the like inside a paragraph. What is longer is text, whatever its class.
    private static bool IsLabel(IElement element)
    {
        const int longestLabel = 60;
        var names = ElementNames.Of(element);
        return names.Any && BoilerplateWords.Judge("span", names, null) >= Boilerplate.Strong && element.TextContent.Length < longestLabel;
    }

    private void Append(string data)
    {
        if (_codeDepth > 0)
        {
            _text.Append(data);
            if (_linkDepth > 0) _linkCharacters += data.Length;
            return;
        }

        foreach (var character in data)
        {
            if (char.IsWhiteSpace(character))
            {
                _space = true;
                continue;
            }

            // Invisible: zero-width spaces, soft hyphens, byte-order marks.
            if (character is '\u00AD' or '\u200B' or '\uFEFF' || (char.IsControl(character) && character != '\u0085')) continue;
            if (_space && _text.Length > 0 && _text[^1] != '\n')
            {
                _text.Append(' ');
                if (_linkDepth > 0) _linkCharacters++;
            }

            _space = false;
            _text.Append(character);
            if (_linkDepth > 0) _linkCharacters++;
        }
    }

    // One is a new line, two are a new block.
    private void Break()
    {
        if (_codeDepth > 0)
        {
            _text.Append('\n');
            return;
        }

        _space = false;
        if (_text.Length == 0) return;
        if (_text[^1] == '\n') Flush();
        else _text.Append('\n');
    }

    private void Flush()
    {
        var text = _codeDepth > 0 ? _text.ToString().Trim('\r', '\n').TrimEnd() : _text.ToString().Trim();
        if (text.Length > 0)
        {
            _blocks.Add(new PageBlock { Node = _node, Kind = KindOf(_node), Text = text, LinkCharacters = Math.Min(_linkCharacters, text.Length) });
        }

        _text.Clear();
        _space = false;
        _linkCharacters = 0;
    }

    private static BlockKind KindOf(PageNode node)
    {
        var paragraph = false;
        for (var around = node; around is not null; around = around.Parent)
        {
            switch (around.Tag)
            {
                case "h1" or "h2" or "h3" or "h4" or "h5" or "h6" or "summary":
                    return BlockKind.Heading;
                case "pre" or "listing" or "xmp":
                    return BlockKind.Code;
                case "li" or "dt" or "dd":
                    return BlockKind.Item;
                case "blockquote":
                    return BlockKind.Quote;
                case "td" or "th":
                    return paragraph ? BlockKind.Paragraph : BlockKind.Cell;
                case "p":
                    paragraph = true;
                    break;
                case "article" or "section" or "main":
                    return paragraph ? BlockKind.Paragraph : BlockKind.Text;
            }
        }

        return paragraph ? BlockKind.Paragraph : BlockKind.Text;
    }
}
