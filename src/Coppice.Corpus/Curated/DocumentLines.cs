using System.Buffers;
using System.Globalization;
using System.Text.Encodings.Web;
using System.Text.Json;

namespace Coppice.Corpus;

/// <summary>A document as a line of JSON, as curated corpora hold it: written and read back with everything that is known about it.</summary>
internal sealed class DocumentLines : IDisposable
{
    private static readonly JsonWriterOptions JsonOptions = new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };
    private readonly ArrayBufferWriter<byte> _line = new();
    private readonly Utf8JsonWriter _json;

    public DocumentLines() => _json = new Utf8JsonWriter(_line, JsonOptions);

    /// <summary>The line of a document with its end; valid until the next one.</summary>
    /// <param name="document">The document.</param>
    public ReadOnlySpan<byte> Write(Document document)
    {
        _line.ResetWrittenCount();
        _json.Reset();
        _json.WriteStartObject();
        _json.WriteString("id", document.Id);
        _json.WriteString("text", document.Text);
        _json.WriteString("source", document.Source);
        WriteKnown("title", document.Title);
        WriteKnown("url", document.Url);
        WriteKnown("date", document.Date);
        WriteKnown("language", document.Language);
        WriteKnown("licence", document.Licence);
        WriteKnown("media_type", document.MediaType);
        if (document.Score is { } score) WriteNumber("score", score);
        if (document.Copies != 1) _json.WriteNumber("copies", document.Copies);
        if (document.Weight != 1) WriteNumber("weight", document.Weight);
        _json.WriteEndObject();
        _json.Flush();
        _line.GetSpan(1)[0] = (byte)'\n';
        _line.Advance(1);
        return _line.WrittenSpan;
    }

    /// <summary>Reads a line that <see cref="Write"/> wrote.</summary>
    /// <param name="line">The line, without its end.</param>
    /// <exception cref="JsonException">It is no such line.</exception>
    public static Document Parse(ReadOnlySpan<byte> line)
    {
        var json = new Utf8JsonReader(line);
        var document = new Document("", "", "");
        json.Read();
        if (json.TokenType != JsonTokenType.StartObject) throw new JsonException("no object");
        while (json.Read() && json.TokenType == JsonTokenType.PropertyName)
        {
            var field = json.GetString();
            json.Read();
            document = field switch
            {
                "id" => document with { Id = json.GetString()! },
                "text" => document with { Text = json.GetString()! },
                "source" => document with { Source = json.GetString()! },
                "title" => document with { Title = json.GetString() },
                "url" => document with { Url = json.GetString() },
                "date" => document with { Date = json.GetString() },
                "language" => document with { Language = json.GetString() },
                "licence" => document with { Licence = json.GetString() },
                "media_type" => document with { MediaType = json.GetString() },
                "score" => document with { Score = Number(json) },
                "copies" => document with { Copies = json.GetInt64() },
                "weight" => document with { Weight = Number(json) },
                _ => throw new JsonException($"unknown field {field}"),
            };
        }

        return document;
    }

    /// <summary>Reads lines as a stream of documents.</summary>
    /// <param name="lines">The lines, decompressed; disposed at the end.</param>
    public static IEnumerable<Document> ReadAll(Stream lines)
    {
        using var reader = new Utf8LineReader(lines, Array.MaxLength);
        while (reader.Read()) yield return Parse(reader.Line);
    }

    public void Dispose() => _json.Dispose();

    private void WriteKnown(string field, string? value)
    {
        if (value is not null) _json.WriteString(field, value);
    }

    // JSON has no infinity; as text it comes back as it was.
    private void WriteNumber(string field, double value)
    {
        if (double.IsFinite(value)) _json.WriteNumber(field, value);
        else _json.WriteString(field, value.ToString(CultureInfo.InvariantCulture));
    }

    private static double Number(Utf8JsonReader json) =>
        json.TokenType == JsonTokenType.Number ? json.GetDouble() : double.Parse(json.GetString()!, CultureInfo.InvariantCulture);
}
