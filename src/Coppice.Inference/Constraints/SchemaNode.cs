using System.Globalization;
using System.Text.Json;
using Coppice.Foundation;

namespace Coppice.Inference;

/// <summary>A part of a JSON schema, and where it is.</summary>
/// <param name="Element">The part.</param>
/// <param name="Path">Where: a JSON pointer.</param>
internal readonly record struct SchemaNode(JsonElement Element, string Path)
{
    // What says something about a schema and nothing about values.
    private static readonly string[] Remarks =
        ["title", "description", "default", "examples", "example", "$schema", "$id", "$comment", "$defs", "definitions", "deprecated", "readOnly", "writeOnly"];

    /// <summary>An error at this place.</summary>
    /// <param name="what">What was wrong.</param>
    public CoppiceException Error(string what) => CoppiceException.Usage($"JSON schema at {Path}: {what}");

    /// <summary>Whether it has a keyword.</summary>
    /// <param name="keyword">The keyword.</param>
    public bool Has(string keyword) => Element.TryGetProperty(keyword, out _);

    /// <summary>What a keyword says; null where it is missing.</summary>
    /// <param name="keyword">The keyword.</param>
    public SchemaNode? Find(string keyword) => Element.TryGetProperty(keyword, out var value) ? new SchemaNode(value, $"{Path}/{keyword}") : null;

    /// <summary>The items of a list.</summary>
    public IEnumerable<SchemaNode> Items()
    {
        if (Element.ValueKind != JsonValueKind.Array) throw Error("a list is expected");
        var path = Path;
        return Element.EnumerateArray().Select((item, i) => new SchemaNode(item, string.Create(CultureInfo.InvariantCulture, $"{path}/{i}")));
    }

    /// <summary>The names and parts of an object.</summary>
    public IReadOnlyList<(string Name, SchemaNode Node)> Members()
    {
        if (Element.ValueKind != JsonValueKind.Object) throw Error("an object is expected");
        var path = Path;
        var members = Element.EnumerateObject().Select(property => (property.Name, new SchemaNode(property.Value, $"{path}/{property.Name}"))).ToList();
        return members.DistinctBy(member => member.Name).Count() == members.Count ? members : throw Error("a name is there twice");
    }

    /// <summary>A text.</summary>
    public string Text() => Element.ValueKind == JsonValueKind.String ? Element.GetString()! : throw Error("a text is expected");

    /// <summary>The number of a keyword that counts; null where it is missing.</summary>
    /// <param name="keyword">The keyword.</param>
    public int? Count(string keyword)
    {
        if (Find(keyword) is not { } node) return null;
        return node.Element.ValueKind == JsonValueKind.Number && node.Element.TryGetInt32(out var count) && count >= 0 ? count : throw node.Error("a whole number of at least 0 is expected");
    }

    /// <summary>The two numbers of keywords that count.</summary>
    /// <param name="least">The keyword of the least.</param>
    /// <param name="most">The keyword of the most.</param>
    public (int Least, int? Most) Counts(string least, string most)
    {
        var (from, to) = (Count(least) ?? 0, Count(most));
        return to < from ? throw Error($"{least} is more than {most}") : (from, to);
    }

    /// <summary>The number of a keyword; null where it is missing.</summary>
    /// <param name="keyword">The keyword.</param>
    public decimal? Number(string keyword)
    {
        if (Find(keyword) is not { } node) return null;
        return node.Element.ValueKind == JsonValueKind.Number && node.Element.TryGetDecimal(out var number) && Math.Abs(number) <= IntegerRange.Largest
            ? number
            : throw node.Error(string.Create(CultureInfo.InvariantCulture, $"a number from -{IntegerRange.Largest} to {IntegerRange.Largest} is expected"));
    }

    /// <summary>Refuses keywords that would say something about the values and are not among some.</summary>
    /// <param name="known">Those that are honoured.</param>
    public void RefuseOthers(params IReadOnlyList<string> known)
    {
        foreach (var property in Element.EnumerateObject())
        {
            if (known.Contains(property.Name) || Remarks.Contains(property.Name)) continue;
            throw Error($"'{property.Name}' is not supported here{NearestName.Hint(property.Name, known)}");
        }
    }
}
