using System.IO.Compression;
using System.Text.Json;
using Coppice.Foundation;

namespace Coppice.Evaluation;

/// <summary>Reads the items of an evaluation from JSON lines.</summary>
internal static class JsonLines
{
    // The longest line of a real set has some kilobytes.
    private const int LongestLine = 1 << 20;

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
        try
        {
            using var file = File.OpenRead(path);
            using var content = path.EndsWith(".gz", StringComparison.OrdinalIgnoreCase) ? new GZipStream(file, CompressionMode.Decompress) : (Stream)file;
            using var lines = new BufferedStream(content, 1 << 16);
            var line = new MemoryStream();
            for (var number = 1; ReadLine(lines, line, path, number); number++)
            {
                var bytes = line.GetBuffer().AsMemory(0, (int)line.Length);
                if (!bytes.Span.Trim(" \t\r"u8).IsEmpty) items.Add(Parse(bytes, path, number, parse));
            }
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException or InvalidDataException)
        {
            throw new CoppiceException($"{path}: can't be read: {error.Message}", inner: error);
        }

        return items.Count > 0 ? items : throw new CoppiceException($"{path}: holds no {what}");
    }

    /// <summary>A field that must be text.</summary>
    public static string Text(JsonElement item, string field) => OptionalText(item, field) ?? throw new FormatException($"has no text in '{field}'");

    /// <summary>A field's text, or null where it is not there or is no text.</summary>
    public static string? OptionalText(JsonElement item, string field) =>
        item.TryGetProperty(field, out var value) && value.ValueKind == JsonValueKind.String ? value.GetString() : null;

    private static bool ReadLine(BufferedStream content, MemoryStream line, string path, int number)
    {
        line.SetLength(0);
        while (content.ReadByte() is var value and >= 0)
        {
            if (value == '\n') return true;
            if (line.Length == LongestLine) throw Error(path, number, $"is longer than {LongestLine} bytes");
            line.WriteByte((byte)value);
        }

        return line.Length > 0;
    }

    private static T Parse<T>(ReadOnlyMemory<byte> line, string path, int number, Func<JsonElement, T> parse)
    {
        try
        {
            using var json = JsonDocument.Parse(line);
            return json.RootElement.ValueKind == JsonValueKind.Object ? parse(json.RootElement) : throw new FormatException("is no JSON object");
        }
        catch (FormatException error)
        {
            throw Error(path, number, error.Message, error);
        }
        catch (Exception error) when (error is JsonException or InvalidOperationException)
        {
            // InvalidOperationException: bytes or escapes that are no text.
            throw Error(path, number, "is no JSON object", error);
        }
    }

    private static CoppiceException Error(string path, int number, string what, Exception? inner = null) =>
        new(FormattableString.Invariant($"{path}, line {number}: {what}"), inner: inner);
}
