using System.Globalization;
using System.Text.Json;
using Coppice.Foundation;

namespace Coppice.Inference;

/// <summary>
/// Reads a JSON schema into a grammar of values that it allows. What is written is narrower than what the schema would accept: properties come in its order, nothing is
/// added that it doesn't name unless it says so, and numbers have up to 16 digits. A keyword that is not honoured is refused.
/// </summary>
internal sealed partial class JsonSchemaReader
{
    private const string Start = "schema";
    private const int MostValues = 1000;

    // References may lead from schema to schema.
    private const int Deepest = 100;

    private static readonly string[] TypeNames = ["object", "array", "string", "integer", "number", "boolean", "null"];

    private readonly JsonElement _root;
    private readonly Dictionary<string, Pattern> _rules = new(JsonText.Rules, StringComparer.Ordinal);
    private int _depth;

    private JsonSchemaReader(JsonElement root) => _root = root;

    /// <summary>Reads a schema.</summary>
    /// <param name="schema">Its JSON.</param>
    /// <exception cref="CoppiceException">It is no schema, has a keyword that is not supported, or allows nothing.</exception>
    public static Grammar Read(string schema)
    {
        try
        {
            using var document = JsonDocument.Parse(schema);
            var reader = new JsonSchemaReader(document.RootElement);
            reader._rules[Start] = reader.Schema(new SchemaNode(document.RootElement, "#"));
            return new Grammar(Start, reader._rules);
        }
        catch (Exception error) when (error is JsonException or InvalidOperationException)
        {
            // The second is what a text with half a surrogate pair gives.
            throw CoppiceException.Usage($"JSON schema: it is not valid JSON or Unicode: {error.Message}", error);
        }
    }

    private Pattern Schema(SchemaNode node)
    {
        if (node.Element.ValueKind == JsonValueKind.True) return JsonText.Value;
        if (node.Element.ValueKind == JsonValueKind.False) throw node.Error("nothing is allowed by false");
        if (node.Element.ValueKind != JsonValueKind.Object) throw node.Error("a schema is an object, true or false");
        if (++_depth > Deepest) throw node.Error("schemas lie too deep in each other");
        var pattern = Constant(node) ?? Combination(node) ?? OfTypes(node);
        _depth--;
        return pattern;
    }

    private static Pattern.Choice? Constant(SchemaNode node)
    {
        if (node.Find("const") is not { } constant)
        {
            if (node.Find("enum") is not { } list) return null;
            node.RefuseOthers("enum", "type");
            return Values(node, [.. list.Items()]);
        }

        node.RefuseOthers("const", "type");
        return Values(node, [constant]);
    }

    private static Pattern.Choice Values(SchemaNode node, List<SchemaNode> values)
    {
        if (values.Count > MostValues) throw node.Error(string.Create(CultureInfo.InvariantCulture, $"{values.Count} values; {MostValues} are the most"));
        var types = Types(node);
        var allowed = values.Where(value => types is null || types.Any(type => IsOf(type, value.Element))).Select(value => (Pattern)JsonText.Literal(value.Element)).ToList();
        return allowed.Count > 0 ? new Pattern.Choice(allowed) : throw node.Error("no value is allowed");
    }

    private static bool IsOf(string type, JsonElement value) => value.ValueKind switch
    {
        JsonValueKind.Object => type == "object",
        JsonValueKind.Array => type == "array",
        JsonValueKind.String => type == "string",
        JsonValueKind.Number => type == "number" || (type == "integer" && value.TryGetInt64(out _)),
        JsonValueKind.Null => type == "null",
        _ => type == "boolean",
    };

    private Pattern? Combination(SchemaNode node)
    {
        if (node.Find("$ref") is { } reference)
        {
            node.RefuseOthers("$ref");
            return Reference(reference);
        }

        if (node.Find("anyOf") is { } any)
        {
            node.RefuseOthers("anyOf");
            var alternatives = any.Items().Select(Schema).ToList();
            return alternatives.Count > 0 ? new Pattern.Choice(alternatives) : throw any.Error("no alternative is there");
        }

        if (node.Find("allOf") is not { } all) return null;
        node.RefuseOthers("allOf");
        return all.Items().ToList() is [var only] ? Schema(only) : throw all.Error("more than one schema at once is not supported; write them as one");
    }

    /// <summary>The schema that a reference means: a rule, which may come to itself again.</summary>
    private Pattern.Rule Reference(SchemaNode reference)
    {
        var pointer = reference.Text();
        var rule = new Pattern.Rule(pointer);
        if (_rules.ContainsKey(pointer)) return rule;
        if (pointer != "#" && !pointer.StartsWith("#/", StringComparison.Ordinal)) throw reference.Error($"'{pointer}' is not supported; a reference to another part of the schema begins with #/");
        var target = _root;
        foreach (var step in pointer.Split('/').Skip(1).Select(step => Uri.UnescapeDataString(step).Replace("~1", "/", StringComparison.Ordinal).Replace("~0", "~", StringComparison.Ordinal)))
            target = Child(target, step) ?? throw reference.Error($"there is no '{pointer}' in the schema");
        _rules[pointer] = Pattern.Nothing;
        _rules[pointer] = Schema(new SchemaNode(target, pointer));
        return rule;
    }

    private static JsonElement? Child(JsonElement parent, string step)
    {
        if (parent.ValueKind == JsonValueKind.Object && parent.TryGetProperty(step, out var member)) return member;
        if (parent.ValueKind == JsonValueKind.Array && int.TryParse(step, NumberStyles.None, CultureInfo.InvariantCulture, out var index) && index < parent.GetArrayLength()) return parent[index];
        return null;
    }

    /// <summary>The types that are named; null where none is.</summary>
    private static List<string>? Types(SchemaNode node)
    {
        if (node.Find("type") is not { } type) return null;
        var names = type.Element.ValueKind == JsonValueKind.Array ? type.Items().Select(item => item.Text()).Distinct().ToList() : [type.Text()];
        foreach (var name in names)
        {
            if (!TypeNames.Contains(name)) throw type.Error($"there is no type '{name}'{NearestName.Hint(name, TypeNames)}");
        }

        return names.Count > 0 ? names : throw type.Error("no type is there");
    }

    private Pattern OfTypes(SchemaNode node)
    {
        var types = Types(node) ?? [.. TypeNames.Where(type => KeywordsOf(type).Any(node.Has))];
        node.RefuseOthers([.. types.SelectMany(KeywordsOf), "type"]);
        if (types.Count == 0) return JsonText.Value;
        var alternatives = types.Select(type => type switch
        {
            "object" => Object(node),
            "array" => Array(node),
            "string" => String(node),
            "integer" => Integer(node),
            "number" => Number(node),
            "boolean" => new Pattern.Choice([new Pattern.Literal("true"), new Pattern.Literal("false")]),
            _ => new Pattern.Literal("null"),
        }).ToList();
        return alternatives.Count == 1 ? alternatives[0] : new Pattern.Choice(alternatives);
    }
}
