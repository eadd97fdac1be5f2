using System.Globalization;
using System.Text;
using System.Xml;

namespace Coppice.Corpus;

/// <summary>
/// The XML documentation files of .NET: a member is a document. Its first line is the member's name as code would call it,
/// then each section follows as a paragraph: summary, parameters, what it returns, what it throws, remarks.
/// </summary>
public sealed class XmlDocumentationReader : IDocumentReader
{
    /// <inheritdoc/>
    public string Format => "xmldoc";

    /// <summary>By the element <c>doc</c> near the beginning: other XML is of no use here.</summary>
    /// <param name="extension">The file's ending, or empty.</param>
    /// <param name="beginning">The first bytes.</param>
    public bool Recognises(string extension, ReadOnlySpan<byte> beginning) => extension is ".xml" or "" && IndexOfRoot(beginning) >= 0;

    /// <inheritdoc/>
    public IEnumerable<Document> Read(SourceFile file)
    {
        // No document type definitions and nothing fetched: entities are how XML files grow without bound.
        var settings = new XmlReaderSettings
        {
            DtdProcessing = DtdProcessing.Prohibit,
            XmlResolver = null,
            IgnoreComments = true,
            IgnoreProcessingInstructions = true,
            MaxCharactersInDocument = file.Options.MaximumDocumentBytes,
        };
        using var xml = XmlReader.Create(file.Content, settings);
        while (true)
        {
            Document? document;
            try
            {
                if (!xml.ReadToFollowing("member")) yield break;
                document = ReadMember(xml, file);
            }
            catch (XmlException error)
            {
                file.Report.Problem(
                    DropReasons.BadXml, string.Create(CultureInfo.InvariantCulture, $"{file.Path}, line {error.LineNumber}: {error.Message}"));
                yield break;
            }

            if (document is not null) yield return document;
        }
    }

    private static int IndexOfRoot(ReadOnlySpan<byte> beginning)
    {
        if (!beginning.Contains((byte)'<')) return -1;
        var plain = beginning.IndexOf("<doc>"u8);
        return plain >= 0 ? plain : beginning.IndexOf("<doc "u8);
    }

    private static Document? ReadMember(XmlReader xml, SourceFile file)
    {
        var id = xml.GetAttribute("name") ?? "";
        var prose = new StringBuilder();
        List<string> parameters = [];
        if (!xml.IsEmptyElement)
        {
            var depth = xml.Depth;
            while (xml.Read() && xml.Depth > depth)
            {
                if (xml.NodeType != XmlNodeType.Element) continue;
                if (xml.LocalName == "param") parameters.Add(xml.GetAttribute("name") ?? "");
                var heading = Heading(xml);
                var section = XmlProse.Read(xml);
                if (section.Length > 0) prose.Append("\n\n").Append(heading).Append(section);
            }
        }

        if (prose.Length == 0)
        {
            file.Report.Drop(DropReasons.NoProse, $"{file.Path}: {id}");
            return null;
        }

        var name = MemberName.Readable(id, parameters);
        return new Document(id, name + prose.Append('\n'), file.Source) { Title = name };
    }

    private static string Heading(XmlReader xml) => xml.LocalName switch
    {
        "param" or "typeparam" => $"{xml.GetAttribute("name")}: ",
        "returns" => "Returns: ",
        "value" => "Value: ",
        "exception" => $"Throws {MemberName.Short(xml.GetAttribute("cref") ?? "")}: ",
        "example" => "Example: ",
        _ => "",
    };
}
