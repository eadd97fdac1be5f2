using System.Globalization;
using System.Text.Json;

namespace Coppice.Inference;

// What the keywords of each type mean.
internal sealed partial class JsonSchemaReader
{
    private const int LongestKey = 200;

    private static readonly string[] StringKeywords = ["minLength", "maxLength", "pattern", "format"];
    private static readonly string[] NumberKeywords = ["minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum"];
    private static readonly string[] ArrayKeywords = ["items", "prefixItems", "minItems", "maxItems", "uniqueItems"];
    private static readonly string[] ObjectKeywords = ["properties", "required", "additionalProperties"];

    private const string Date = "[0-9]{4}-((0[13578]|1[02])-(0[1-9]|[12][0-9]|3[01])|(0[469]|11)-(0[1-9]|[12][0-9]|30)|02-(0[1-9]|[12][0-9]))";
    private const string Time = @"([01][0-9]|2[0-3]):[0-5][0-9]:[0-5][0-9](\.[0-9]{1,9})?(Z|[+-]([01][0-9]|2[0-3]):[0-5][0-9])";

    private static readonly Dictionary<string, string> Formats = new(StringComparer.Ordinal)
    {
        ["date"] = Date,
        ["time"] = Time,
        ["date-time"] = $"{Date}T{Time}",
        ["uuid"] = "[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}",
        ["ipv4"] = @"((25[0-5]|(2[0-4]|1[0-9]|[1-9]|)[0-9])\.){3}(25[0-5]|(2[0-4]|1[0-9]|[1-9]|)[0-9])",
        ["email"] = @"[A-Za-z0-9_+-]+(\.[A-Za-z0-9_+-]+)*@[A-Za-z0-9]+(-[A-Za-z0-9]+)*(\.[A-Za-z0-9]+(-[A-Za-z0-9]+)*)+",
    };

    private static string[] KeywordsOf(string type) => type switch
    {
        "object" => ObjectKeywords,
        "array" => ArrayKeywords,
        "string" => StringKeywords,
        "integer" or "number" => NumberKeywords,
        _ => [],
    };

    private static Pattern String(SchemaNode node)
    {
        var (least, most) = node.Counts("minLength", "maxLength");
        var (regex, format) = (node.Find("pattern"), node.Find("format"));
        if ((regex is null ? 0 : 1) + (format is null ? 0 : 1) + (least == 0 && most is null ? 0 : 1) > 1) throw node.Error("a pattern, a format and a length together are not supported; put the length into the pattern");
        if (regex is { } searched) return JsonText.Quoted(JsonText.Escaped(RegexParser.Parse($"JSON schema at {searched.Path}", searched.Text(), around: new Pattern.Repeat(new Pattern.Characters(CodePoints.All), 0, null))));
        if (format is null) return least == 0 && most is null ? JsonText.String : JsonText.Quoted(new Pattern.Repeat(JsonText.Character, least, most));
        return Formats.TryGetValue(format.Value.Text(), out var known)
            ? JsonText.Quoted(RegexParser.Parse("format", known))
            : throw format.Value.Error($"the format '{format.Value.Text()}' is not supported; {string.Join(", ", Formats.Keys)} are");
    }

    private static Pattern Integer(SchemaNode node)
    {
        if (!NumberKeywords.Any(node.Has)) return JsonText.Integer;
        var (least, most) = ((decimal)-IntegerRange.Largest, (decimal)IntegerRange.Largest);
        if (node.Number("minimum") is { } minimum) least = Math.Max(least, Math.Ceiling(minimum));
        if (node.Number("exclusiveMinimum") is { } above) least = Math.Max(least, Math.Floor(above) + 1);
        if (node.Number("maximum") is { } maximum) most = Math.Min(most, Math.Floor(maximum));
        if (node.Number("exclusiveMaximum") is { } below) most = Math.Min(most, Math.Ceiling(below) - 1);
        return least <= most ? IntegerRange.Of((long)least, (long)most) : throw node.Error("no integer lies between the bounds");
    }

    private static Pattern Number(SchemaNode node)
    {
        if (!NumberKeywords.Any(node.Has)) return JsonText.Number;
        return node.Number("minimum") == 0 && NumberKeywords.Count(node.Has) == 1
            ? JsonText.NumberOfAtLeastZero
            : throw node.Error("bounds are supported for integers; for other numbers, a minimum of 0 alone");
    }

    private Pattern Array(SchemaNode node)
    {
        if (node.Find("uniqueItems") is { Element.ValueKind: not JsonValueKind.False } unique) throw unique.Error("items that differ from each other are not supported");
        var (least, most) = node.Counts("minItems", "maxItems");
        var first = node.Find("prefixItems")?.Items().Select(Schema).ToList() ?? [];
        if (first.Count > most) throw node.Error("maxItems is less than the prefixItems are");
        var (left, leastLeft) = (most - first.Count, Math.Max(0, least - first.Count));
        var items = node.Find("items");
        // Behind items that are named one by one, others come only where they are described.
        if (items is { Element.ValueKind: JsonValueKind.False } || (items is null && first.Count > 0)) left = 0;
        if (left < leastLeft) throw node.Error("minItems are more than there can be");
        var item = left == 0 ? Pattern.Nothing : Shared(items);
        if (first.Count == 0) return Bracketed("[", JsonText.List(item, leastLeft, left), "]");
        var parts = first.SelectMany((part, i) => i == 0 ? [part] : new[] { JsonText.Comma, part }).ToList();
        if (left != 0) parts.Add(new Pattern.Repeat(Pattern.Of(JsonText.Comma, item), leastLeft, left));
        return Bracketed("[", Pattern.Of(parts), "]");
    }

    private Pattern Object(SchemaNode node)
    {
        var required = node.Find("required")?.Items().Select(item => item.Text()).ToHashSet() ?? [];
        var properties = node.Find("properties")?.Members() ?? [];
        var missing = required.FirstOrDefault(name => properties.All(property => property.Name != name));
        if (missing is not null) throw node.Error($"'{missing}' is required and not among the properties");
        var members = properties.Select(property => Shared(JsonText.Key(property.Name), property.Node)).ToList();
        var other = Other(node, [.. properties.Select(property => property.Name)]);
        var others = other is null ? Pattern.Nothing : new Pattern.Repeat(Pattern.Of(JsonText.Comma, other), 0, null);
        var firstRequired = properties.TakeWhile(property => !required.Contains(property.Name)).Count();

        // What follows a member: a rule for each, since any of the members that may be left out can be the first.
        var rest = new Pattern[members.Count + 1];
        rest[^1] = others;
        for (var i = members.Count - 1; i >= 0; i--)
        {
            var next = Pattern.Of(JsonText.Comma, members[i]);
            rest[i] = Shared(Pattern.Of(required.Contains(properties[i].Name) ? next : Pattern.Optional(next), rest[i + 1]));
        }

        if (firstRequired < members.Count)
        {
            var before = members.Take(firstRequired).Select(member => Pattern.Optional(Pattern.Of(member, JsonText.Comma)));
            return Bracketed("{", Pattern.Of([.. before, members[firstRequired], rest[firstRequired + 1]]), "}");
        }

        var beginnings = members.Select((member, i) => Pattern.Of(member, rest[i + 1])).ToList();
        if (other is not null) beginnings.Add(Pattern.Of(other, others));
        return Bracketed("{", beginnings.Count == 0 ? Pattern.Nothing : Pattern.Optional(new Pattern.Choice(beginnings)), "}");
    }

    /// <summary>A member that is not among the properties; null where none is written.</summary>
    private Pattern.Rule? Other(SchemaNode node, List<string> names)
    {
        var schema = node.Find("additionalProperties");
        if (schema is null ? names.Count > 0 : schema.Value.Element.ValueKind == JsonValueKind.False) return null;
        if (names.FirstOrDefault(name => name.Length > LongestKey) is { } name) throw node.Error($"beside additionalProperties, keys have at most {LongestKey} characters, not '{name}'");
        return Shared(names.Count == 0 ? JsonText.String : JsonText.KeyExcept(names), schema);
    }

    private static Pattern Bracketed(string open, Pattern content, string close) => Pattern.Of(new Pattern.Literal(open), content, new Pattern.Literal(close));

    private Pattern.Rule Shared(Pattern key, SchemaNode? value) => Shared(Pattern.Of(key, JsonText.Colon, value is { } node ? Schema(node) : JsonText.Value));

    private Pattern.Rule Shared(SchemaNode? value) => Shared(value is { } node ? Schema(node) : JsonText.Value);

    /// <summary>A rule for what is named more than once.</summary>
    private Pattern.Rule Shared(Pattern pattern)
    {
        var rule = new Pattern.Rule(string.Create(CultureInfo.InvariantCulture, $"part {_rules.Count}"));
        _rules.Add(rule.Name, pattern);
        return rule;
    }
}
