using System.IO.Compression;
using System.Text.Json;
using Coppice.Foundation;

namespace Coppice.Evaluation;

/// <summary>Two sentences that differ in as little as possible, of which one is acceptable.</summary>
/// <param name="Good">The acceptable one.</param>
/// <param name="Bad">The other.</param>
/// <param name="Uid">The set of pairs it belongs to, or null.</param>
/// <param name="Phenomenon">The phenomenon that the set tests, or null.</param>
public sealed record MinimalPair(string Good, string Bad, string? Uid = null, string? Phenomenon = null)
{
    // The longest line of a real set has a few hundred bytes.
    private const int LongestLine = 1 << 20;

    /// <summary>Reads pairs from JSON lines with the fields <c>good</c> and <c>bad</c> and, where known, <c>uid</c> and <c>phenomenon</c>.</summary>
    /// <param name="path">The file; gzip where the name ends with <c>.gz</c>.</param>
    /// <exception cref="CoppiceException">
    /// The file can't be read, or a line is no pair: leaving it out would change the accuracy, so the message names the line instead.
    /// </exception>
    public static IReadOnlyList<MinimalPair> Read(string path)
    {
        var pairs = new List<MinimalPair>();
        try
        {
            using var file = File.OpenRead(path);
            using var content = path.EndsWith(".gz", StringComparison.OrdinalIgnoreCase) ? new GZipStream(file, CompressionMode.Decompress) : (Stream)file;
            using var lines = new BufferedStream(content, 1 << 16);
            var line = new MemoryStream();
            for (var number = 1; ReadLine(lines, line, path, number); number++)
            {
                var bytes = line.GetBuffer().AsMemory(0, (int)line.Length);
                if (!bytes.Span.Trim(" \t\r"u8).IsEmpty) pairs.Add(Parse(bytes, path, number));
            }
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException or InvalidDataException)
        {
            throw new CoppiceException($"{path}: can't be read: {error.Message}", inner: error);
        }

        return pairs.Count > 0 ? pairs : throw new CoppiceException($"{path}: holds no minimal pair");
    }

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

    private static MinimalPair Parse(ReadOnlyMemory<byte> line, string path, int number)
    {
        try
        {
            using var json = JsonDocument.Parse(line);
            var pair = json.RootElement;
            if (pair.ValueKind != JsonValueKind.Object) throw Error(path, number, "is no JSON object");
            return new MinimalPair(
                Text(pair, "good") ?? throw Error(path, number, "has no text in 'good'"),
                Text(pair, "bad") ?? throw Error(path, number, "has no text in 'bad'"),
                Text(pair, "uid"),
                Text(pair, "phenomenon"));
        }
        catch (Exception error) when (error is JsonException or InvalidOperationException)
        {
            // InvalidOperationException: bytes or escapes that are no text.
            throw Error(path, number, "is no JSON object", error);
        }
    }

    private static string? Text(JsonElement pair, string field) =>
        pair.TryGetProperty(field, out var value) && value.ValueKind == JsonValueKind.String ? value.GetString() : null;

    private static CoppiceException Error(string path, int number, string what, Exception? inner = null) =>
        new(FormattableString.Invariant($"{path}, line {number}: {what}"), inner: inner);
}
