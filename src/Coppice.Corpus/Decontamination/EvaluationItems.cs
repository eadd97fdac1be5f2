using System.IO.Compression;
using System.Text.Json;
using Coppice.Foundation;

namespace Coppice.Corpus.Decontamination;

/// <summary>A passage of an evaluation set.</summary>
/// <param name="Set">The set's file name.</param>
/// <param name="Line">The line of the item it belongs to, from 1.</param>
/// <param name="Text">Its text.</param>
public readonly record struct EvaluationPassage(string Set, int Line, string Text);

/// <summary>
/// Reads the passages of evaluation sets: of JSON lines (<c>.jsonl</c>, <c>.ndjson</c>, <c>.json</c>) every text of a line's object by itself, or those of the named fields, at any
/// depth; of any other file each line. A name that ends in <c>.gz</c> is gzip.
/// </summary>
public static class EvaluationItems
{
    /// <summary>Reads a file.</summary>
    /// <param name="path">The file.</param>
    /// <param name="fields">The fields whose texts count; none for all.</param>
    /// <exception cref="CoppiceException">The file can't be read, or a line is no JSON object.</exception>
    public static IEnumerable<EvaluationPassage> Read(string path, IReadOnlyList<string>? fields = null)
    {
        var set = Path.GetFileName(path);
        var isJson = Path.GetExtension(WithoutGzip(path)).ToLowerInvariant() is ".jsonl" or ".ndjson" or ".json";
        var number = 0;
        foreach (var line in Lines(path))
        {
            number++;
            if (string.IsNullOrWhiteSpace(line)) continue;
            if (!isJson)
            {
                yield return new EvaluationPassage(set, number, line);
                continue;
            }

            foreach (var text in Texts(line, path, number, fields is { Count: > 0 } ? fields : null)) yield return new EvaluationPassage(set, number, text);
        }
    }

    private static List<string> Texts(string line, string path, int number, IReadOnlyList<string>? fields)
    {
        try
        {
            using var json = JsonDocument.Parse(line);
            if (json.RootElement.ValueKind != JsonValueKind.Object) throw new JsonException("it is no object");
            var texts = new List<string>();
            Collect(json.RootElement, fields, wanted: fields is null, texts);
            return texts;
        }
        catch (Exception error) when (error is JsonException or InvalidOperationException)
        {
            throw new CoppiceException(FormattableString.Invariant($"{path}, line {number}: is no JSON object; an evaluation set is JSON lines, or text with an item a line"), inner: error);
        }
    }

    private static void Collect(JsonElement element, IReadOnlyList<string>? fields, bool wanted, List<string> texts)
    {
        switch (element.ValueKind)
        {
            case JsonValueKind.String when wanted:
                texts.Add(element.GetString()!);
                break;
            case JsonValueKind.Array:
                foreach (var item in element.EnumerateArray()) Collect(item, fields, wanted, texts);
                break;
            case JsonValueKind.Object:
                foreach (var property in element.EnumerateObject()) Collect(property.Value, fields, wanted || fields!.Contains(property.Name), texts);
                break;
        }
    }

    private static IEnumerable<string> Lines(string path)
    {
        using var reader = Open(path);
        while (Next(reader, path) is { } line) yield return line;
    }

    private static StreamReader Open(string path)
    {
        try
        {
            var file = File.OpenRead(path);
            return new StreamReader(WithoutGzip(path) == path ? file : new GZipStream(file, CompressionMode.Decompress));
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            throw CoppiceException.Usage($"{path}: can't be read: {error.Message}", error);
        }
    }

    private static string? Next(StreamReader reader, string path)
    {
        try
        {
            return reader.ReadLine();
        }
        catch (Exception error) when (error is IOException or InvalidDataException)
        {
            throw new CoppiceException($"{path}: can't be read: {error.Message}", inner: error);
        }
    }

    private static string WithoutGzip(string path) => path.EndsWith(".gz", StringComparison.OrdinalIgnoreCase) ? path[..^3] : path;
}
