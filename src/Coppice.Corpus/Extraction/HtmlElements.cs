using AngleSharp.Dom;

namespace Coppice.Corpus.Extraction;

internal enum ElementRole
{
    /// <summary>Begins and ends a block; also what is not known.</summary>
    Block,
    Inline,
    LineBreak,
    Rule,

    /// <summary>A button.</summary>
    Control,

    /// <summary>Never holds text to read.</summary>
    Ignored,
}

/// <summary>What the elements of HTML are to a reader of text.</summary>
internal static class HtmlElements
{
    public static ElementRole RoleOf(string tag) => tag switch
    {
        "a" or "abbr" or "acronym" or "b" or "bdi" or "bdo" or "big" or "cite" or "code" or "data" or "del" or "dfn" or "em" or "font" or "i" or "ins" or "kbd"
            or "label" or "mark" or "nobr" or "output" or "q" or "ruby" or "rb" or "s" or "samp" or "small" or "span" or "strike" or "strong" or "sub" or "sup"
            or "time" or "tt" or "u" or "var" or "wbr" => ElementRole.Inline,
        "br" => ElementRole.LineBreak,
        "hr" => ElementRole.Rule,
        "button" => ElementRole.Control,
        "script" or "style" or "noscript" or "template" or "svg" or "math" or "iframe" or "object" or "embed" or "applet" or "canvas" or "audio" or "video"
            or "map" or "area" or "head" or "title" or "link" or "meta" or "base" or "select" or "option" or "optgroup" or "input" or "textarea" or "datalist"
            or "progress" or "meter" or "track" or "source" or "param" or "rp" or "rt" or "rtc" or "frame" or "frameset" or "noframes" or "marquee" or "legend"
            or "img" or "picture" or "dialog" or "col" or "colgroup" => ElementRole.Ignored,

        // Elements of other vocabularies (st1:City, of word processors) stand inside sentences, as they do for a browser.
        _ => tag.Contains(':') ? ElementRole.Inline : ElementRole.Block,
    };

    public static bool IsHeading(string tag) => tag is ['h', >= '1' and <= '6'] or "summary";

    /// <summary>Whether a browser would not show it, as far as its own attributes say.</summary>
    public static bool IsHidden(IElement element)
    {
        if (element.Attributes.Length == 0) return false;
        if (element.HasAttribute("hidden") && element.GetAttribute("hidden") != "until-found") return true;
        var style = element.GetAttribute("style");
        if (style is not { Length: > 10 }) return false;
        return Says(style, "display", "none") || Says(style, "visibility", "hidden");
    }

    private static bool Says(string style, string property, string value)
    {
        var at = style.IndexOf(property, StringComparison.OrdinalIgnoreCase);
        if (at < 0) return false;
        var rest = style.AsSpan(at + property.Length).TrimStart();
        return rest.StartsWith(":") && rest[1..].TrimStart().StartsWith(value, StringComparison.OrdinalIgnoreCase);
    }
}
