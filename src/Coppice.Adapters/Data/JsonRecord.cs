using System.Text.Json;
using Coppice.Foundation;

namespace Coppice.Adapters;

/// <summary>A line of JSON lines.</summary>
internal sealed class JsonRecord : DataRecord
{
    private readonly JsonElement _object;

    private JsonRecord(string where, JsonElement json)
        : base(where) => _object = json;

    /// <inheritdoc/>
    protected override IEnumerable<string> Fields => _object.EnumerateObject().Select(property => property.Name);

    /// <summary>The records of a file; empty lines are none.</summary>
    /// <param name="source">The file.</param>
    /// <exception cref="CoppiceException">A line is no JSON object.</exception>
    public static IEnumerable<DataRecord> ReadAll(TextSource source)
    {
        for (var line = source.Line; source.ReadLine() is { } text; line = source.Line)
        {
            if (!string.IsNullOrWhiteSpace(text)) yield return Parse(source, line, text);
        }
    }

    /// <inheritdoc/>
    public override string? Find(string field)
    {
        if (!_object.TryGetProperty(field, out var value)) return null;
        var text = value.ValueKind switch
        {
            JsonValueKind.String => TextOf(value),
            JsonValueKind.Number or JsonValueKind.True or JsonValueKind.False => value.GetRawText(),
            JsonValueKind.Null => null,
            _ => throw Error($"'{field}' is to be a text or a number"),
        };
        return string.IsNullOrEmpty(text) ? null : text;
    }

    /// <inheritdoc/>
    public override IReadOnlyList<JsonElement>? List(string field)
    {
        if (!_object.TryGetProperty(field, out var value) || value.ValueKind == JsonValueKind.Null) return null;
        if (value.ValueKind != JsonValueKind.Array || value.EnumerateArray().Any(item => item.ValueKind != JsonValueKind.Object)) throw Error($"'{field}' is to be a list of objects");
        return [.. value.EnumerateArray()];
    }

    private static JsonRecord Parse(TextSource source, int line, string text)
    {
        try
        {
            using var document = JsonDocument.Parse(text);
            if (document.RootElement.ValueKind == JsonValueKind.Object) return new JsonRecord(source.Where(line), document.RootElement.Clone());
        }
        catch (JsonException error)
        {
            throw source.Error(line, $"is no JSON object: {error.Message}", error);
        }

        throw source.Error(line, "is no JSON object: a file of examples has one on each line");
    }

    private string? TextOf(JsonElement value)
    {
        try
        {
            return value.GetString();
        }
        catch (InvalidOperationException error)
        {
            throw Error("has an escape that is no character", error);
        }
    }
}
