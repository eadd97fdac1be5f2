using System.Text.Json;
using Coppice.Foundation;

namespace Coppice.Evaluation;

/// <summary>Reads the items of an evaluation from JSON lines.</summary>
internal static class JsonLines
{
    /// <summary>Makes an item of each line that isn't empty.</summary>
    /// <param name="path">The file; gzip where the name ends with <c>.gz</c>.</param>
    /// <param name="what">What the items are, for the message of a file without one.</param>
    /// <param name="parse">Makes an item of a JSON object; a <see cref="FormatException"/> says what is wrong with it.</param>
    /// <exception cref="CoppiceException">
    /// The file can't be read, or a line is no item: leaving it out would change the result, so the message names the line instead.
    /// </exception>
    public static IReadOnlyList<T> Read<T>(string path, string what, Func<JsonElement, T> parse)
    {
        var items = new List<T>();
        FileLines.Read(path, (number, bytes) =>
        {
            if (!bytes.Span.Trim(" \t\r"u8).IsEmpty) items.Add(Parse(bytes, path, number, parse));
        });
        return items.Count > 0 ? items : throw new CoppiceException($"{path}: holds no {what}");
    }

    /// <summary>A field that must be text.</summary>
    public static string Text(JsonElement item, string field) => OptionalText(item, field) ?? throw new FormatException($"has no text in '{field}'");

    /// <summary>A field's text, or null where it is not there or is no text.</summary>
    public static string? OptionalText(JsonElement item, string field) =>
        item.TryGetProperty(field, out var value) && value.ValueKind == JsonValueKind.String ? value.GetString() : null;

    private static T Parse<T>(ReadOnlyMemory<byte> line, string path, int number, Func<JsonElement, T> parse)
    {
        try
        {
            using var json = JsonDocument.Parse(line);
            return json.RootElement.ValueKind == JsonValueKind.Object ? parse(json.RootElement) : throw new FormatException("is no JSON object");
        }
        catch (FormatException error)
        {
            throw FileLines.Error(path, number, error.Message, error);
        }
        catch (Exception error) when (error is JsonException or InvalidOperationException)
        {
            // InvalidOperationException: bytes or escapes that are no text.
            throw FileLines.Error(path, number, "is no JSON object", error);
        }
    }
}
