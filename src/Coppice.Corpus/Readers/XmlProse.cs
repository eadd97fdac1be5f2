using System.Text;
using System.Xml;

namespace Coppice.Corpus;

/// <summary>
/// The prose inside one element of an XML documentation comment: references become names, paragraphs and list items lines of their own,
/// and white space collapses, except in code of several lines.
/// </summary>
internal static class XmlProse
{
    /// <summary>Reads the element that the reader stands on, up to its end.</summary>
    /// <param name="xml">Stands on the element's start; afterwards on its end.</param>
    public static string Read(XmlReader xml)
    {
        if (xml.IsEmptyElement) return "";
        var prose = new StringBuilder();
        var depth = xml.Depth;
        var codeDepth = -1;
        while (xml.Read() && xml.Depth > depth)
        {
            switch (xml.NodeType)
            {
                case XmlNodeType.Element:
                    if (xml.LocalName == "code" && codeDepth < 0 && !xml.IsEmptyElement) codeDepth = xml.Depth;
                    else AppendElement(prose, xml);
                    break;
                case XmlNodeType.EndElement:
                    if (xml.Depth == codeDepth) codeDepth = -1;
                    if (IsBlock(xml.LocalName)) EndLine(prose);
                    break;
                case XmlNodeType.Text or XmlNodeType.CDATA or XmlNodeType.Whitespace or XmlNodeType.SignificantWhitespace:
                    if (codeDepth >= 0 && xml.Value.AsSpan().Trim().Contains('\n')) AppendCode(prose, xml.Value);
                    else AppendCollapsed(prose, xml.Value);
                    break;
            }
        }

        return prose.ToString().Trim();
    }

    private static void AppendElement(StringBuilder prose, XmlReader xml)
    {
        switch (xml.LocalName)
        {
            case "paramref" or "typeparamref":
                prose.Append(xml.GetAttribute("name"));
                break;
            case "see" or "seealso" or "xref" when xml.IsEmptyElement:
                prose.Append(
                    xml.GetAttribute("langword") ?? xml.GetAttribute("href")
                    ?? MemberName.Short(xml.GetAttribute("cref") ?? xml.GetAttribute("uid") ?? ""));
                break;
            default:
                if (IsBlock(xml.LocalName)) EndLine(prose);
                break;
        }
    }

    private static bool IsBlock(string element) =>
        element is "para" or "p" or "br" or "item" or "li" or "list" or "ul" or "ol" or "listheader" or "description";

    private static void EndLine(StringBuilder prose)
    {
        while (prose.Length > 0 && prose[^1] == ' ') prose.Length--;
        if (prose.Length > 0 && prose[^1] != '\n') prose.Append('\n');
    }

    private static void AppendCollapsed(StringBuilder prose, string text)
    {
        foreach (var character in text)
        {
            if (!char.IsWhiteSpace(character)) prose.Append(character);
            else if (prose.Length > 0 && prose[^1] is not (' ' or '\n')) prose.Append(' ');
        }
    }

    private static void AppendCode(StringBuilder prose, string code)
    {
        EndLine(prose);
        foreach (var line in code.AsSpan().Trim("\r\n ").EnumerateLines()) prose.Append(line.TrimEnd()).Append('\n');
    }
}
