using Coppice.Foundation;
using YamlDotNet.Core;
using YamlDotNet.Core.Events;

namespace Coppice.Training.Recipes;

/// <summary>
/// Reads the part of YAML that recipes need: sections, lists and values. Anchors, aliases and tags are refused: no recipe needs them, and an
/// alias of aliases is how a small file becomes a huge one.
/// </summary>
internal sealed class RecipeReader
{
    private const int MaximumDepth = 16;

    private readonly string _sourceName;
    private readonly Parser _parser;

    private RecipeReader(string text, string sourceName)
    {
        _sourceName = sourceName;
        _parser = new Parser(new StringReader(text));
    }

    /// <summary>The most characters a recipe may have.</summary>
    public const int MaximumLength = 1 << 20;

    /// <summary>Reads one document.</summary>
    /// <param name="text">The YAML.</param>
    /// <param name="sourceName">The file, for messages.</param>
    /// <returns>The root, or null where the text is empty.</returns>
    public static RecipeNode? Read(string text, string sourceName)
    {
        if (text.Length > MaximumLength) throw CoppiceException.Usage($"{sourceName}: has {text.Length} characters; a recipe has at most {MaximumLength}");
        var reader = new RecipeReader(text, sourceName);
        try
        {
            return reader.ReadDocument();
        }
        catch (YamlException error)
        {
            throw NotValid(text, sourceName, error);
        }
        catch (Exception error) when (error is ArgumentException or InvalidOperationException or FormatException or OverflowException or EndOfStreamException)
        {
            // The scanner lets a few of the framework's own exceptions through, such as for an escape that is no Unicode character.
            throw CoppiceException.Usage($"{sourceName}: not valid YAML: {error.Message.ReplaceLineEndings(" ")}", error);
        }
    }

    private static CoppiceException NotValid(string text, string sourceName, YamlException error)
    {
        // The scanner finds a tab in the indentation only by its consequences, lines away from it.
        var lines = text.TrimEnd().Split('\n');
        var tab = Array.FindIndex(lines, line => line.TrimStart(' ').StartsWith('\t'));
        if (tab >= 0) return CoppiceException.Usage($"{sourceName}:{tab + 1}: not valid YAML: indented with a tab; use spaces", error);

        // The end of the file counts as a line of its own to it.
        return CoppiceException.Usage($"{sourceName}:{Math.Min(error.End.Line, lines.Length)}: not valid YAML: {error.Message.ReplaceLineEndings(" ")}", error);
    }

    private RecipeNode? ReadDocument()
    {
        _parser.Consume<StreamStart>();
        if (_parser.TryConsume<StreamEnd>(out _)) return null;
        _parser.Consume<DocumentStart>();
        var root = ReadNode(0);
        _parser.Consume<DocumentEnd>();
        if (!_parser.TryConsume<StreamEnd>(out _)) throw CoppiceException.Usage($"{Where(_parser.Current!)}: a second document begins; a recipe is one document");
        return root;
    }

    private RecipeNode ReadNode(int depth)
    {
        var start = _parser.Consume<ParsingEvent>();
        if (depth > MaximumDepth) throw CoppiceException.Usage($"{Where(start)}: nested more than {MaximumDepth} deep");
        if (start is AnchorAlias or NodeEvent { Anchor.IsEmpty: false }) throw CoppiceException.Usage($"{Where(start)}: anchors and aliases are not supported in recipes; repeat the value");
        if (start is NodeEvent { Tag.IsEmpty: false }) throw CoppiceException.Usage($"{Where(start)}: tags are not supported in recipes; remove the '!'");

        switch (start)
        {
            case Scalar scalar:
                return new RecipeScalar(Where(scalar), scalar.Value, scalar.Style == ScalarStyle.Plain);
            case SequenceStart:
                var items = new List<RecipeNode>();
                while (!_parser.TryConsume<SequenceEnd>(out _)) items.Add(ReadNode(depth + 1));
                return new RecipeList(Where(start), items);
            default:
                var entries = new Dictionary<string, (string, RecipeNode)>(StringComparer.Ordinal);
                while (!_parser.TryConsume<MappingEnd>(out _))
                {
                    if (ReadNode(depth + 1) is not RecipeScalar key) throw CoppiceException.Usage($"{Where(start)}: a key must be a name");
                    if (!entries.TryAdd(key.Text, (key.Where, ReadNode(depth + 1)))) throw CoppiceException.Usage($"{key.Where}: '{key.Text}' is there twice; remove one");
                }

                return new RecipeMapping(Where(start), entries);
        }
    }

    private string Where(ParsingEvent at) => $"{_sourceName}:{at.Start.Line}";
}
