using System.Globalization;
using System.Text;
using System.Text.Json;
using System.Text.Unicode;

namespace Coppice.Corpus;

/// <summary>
/// JSON lines: an object a line. The text is in the field <see cref="ReaderOptions.TextField"/>; <c>id</c>, <c>source</c>, <c>title</c>, <c>url</c>, <c>date</c>,
/// <c>language</c> and <c>licence</c> (or <c>license</c>), or the fields that <see cref="ReaderOptions"/> names instead, are taken where they are strings or numbers.
/// Of a written corpus (<see cref="SourceFile.IsCurated"/>) so are <c>media_type</c>, <c>score</c>, <c>copies</c> and <c>weight</c>.
/// </summary>
public sealed class JsonLinesReader : IDocumentReader
{
    /// <inheritdoc/>
    public string Format => "jsonl";

    /// <summary>By the endings <c>.jsonl</c> and <c>.ndjson</c>; anything else by a first line that opens an object and closes it.</summary>
    /// <param name="extension">The file's ending, or empty.</param>
    /// <param name="beginning">The first bytes.</param>
    public bool Recognises(string extension, ReadOnlySpan<byte> beginning)
    {
        if (extension is ".jsonl" or ".ndjson") return true;
        if (extension is not (".json" or "")) return false;
        if (!beginning.StartsWith("{"u8)) return false;
        var newline = beginning.IndexOf((byte)'\n');
        return newline < 0 ? beginning.Length > 1 : beginning[..newline].TrimEnd(" \r\t"u8).EndsWith("}"u8);
    }

    /// <inheritdoc/>
    public IEnumerable<Document> Read(SourceFile file)
    {
        using var lines = new Utf8LineReader(file.Content, file.Options.MaximumDocumentBytes);
        while (lines.Read())
        {
            if (Parse(lines, file) is { } document) yield return document;
        }
    }

    private static string Where(SourceFile file, long line) => string.Create(CultureInfo.InvariantCulture, $"{file.Path}, line {line}");

    private static Document? Parse(Utf8LineReader lines, SourceFile file)
    {
        if (lines.TooLong)
        {
            file.Report.Drop(DropReasons.TooLarge, Where(file, lines.LineNumber));
            return null;
        }

        var line = lines.Line;
        if (lines.LineNumber == 1 && line.StartsWith(TextDecoding.Utf8Mark)) line = line[TextDecoding.Utf8Mark.Length..];
        if (line.Trim(" \t\r"u8).IsEmpty) return null;
        if (!Utf8.IsValid(line))
        {
            var repaired = TextDecoding.Decode(line, out var invalid);
            file.Report.Problem(DropReasons.InvalidBytes, Where(file, lines.LineNumber), invalid);
            line = Encoding.UTF8.GetBytes(repaired);
        }

        try
        {
            var fields = JsonFields.Parse(line, file.Options);
            if (fields.Text is null)
            {
                file.Report.Drop($"{DropReasons.NoTextField} '{file.Options.TextField}'", Where(file, lines.LineNumber));
                return null;
            }

            var id = fields.Id ?? string.Create(CultureInfo.InvariantCulture, $"{file.Id}:{lines.LineNumber}");
            var source = file.SourceIsFixed ? file.Source : fields.Source ?? file.Source;
            var document = new Document(id, fields.Text, source)
            {
                Title = fields.Title,
                Url = fields.Url,
                Date = fields.Date,
                Language = fields.Language,
                Licence = fields.Licence,
            };
            return file.IsCurated ? document with { MediaType = fields.MediaType, Score = fields.Score, Copies = fields.Copies ?? 1, Weight = fields.Weight ?? 1 } : document;
        }
        catch (Exception error) when (error is JsonException or InvalidOperationException)
        {
            // InvalidOperationException: an escaped lone surrogate, which is JSON by its grammar and text in no encoding.
            file.Report.Drop(DropReasons.BadJson, Where(file, lines.LineNumber));
            return null;
        }
    }

    private struct JsonFields
    {
        public string? Text, Id, Source, Title, Url, Date, Language, Licence, MediaType;
        public double? Score, Weight;
        public long? Copies;

        public static JsonFields Parse(ReadOnlySpan<byte> line, ReaderOptions names)
        {
            var fields = default(JsonFields);
            var json = new Utf8JsonReader(line);
            json.Read();
            if (json.TokenType != JsonTokenType.StartObject) throw new JsonException();
            while (json.Read() && json.TokenType == JsonTokenType.PropertyName)
            {
                if (json.ValueTextEquals(names.TextField)) fields.Text = StringOnly(ref json);
                else if (json.ValueTextEquals(names.IdField)) fields.Id = Scalar(ref json);
                else if (json.ValueTextEquals(names.SourceField)) fields.Source = Scalar(ref json);
                else if (json.ValueTextEquals(names.TitleField)) fields.Title = Scalar(ref json);
                else if (json.ValueTextEquals(names.UrlField)) fields.Url = Scalar(ref json);
                else if (json.ValueTextEquals(names.DateField)) fields.Date = Scalar(ref json);
                else if (json.ValueTextEquals(names.LanguageField)) fields.Language = Scalar(ref json);
                else if (json.ValueTextEquals(names.LicenceField) || json.ValueTextEquals("license"u8)) fields.Licence = Scalar(ref json);
                else if (json.ValueTextEquals("media_type"u8)) fields.MediaType = Scalar(ref json);
                else if (json.ValueTextEquals("score"u8)) fields.Score = Number(ref json);
                else if (json.ValueTextEquals("weight"u8)) fields.Weight = Number(ref json);
                else if (json.ValueTextEquals("copies"u8)) fields.Copies = (long?)Number(ref json);
                else json.Skip();
            }

            // Anything after the object's end is an error that this read throws.
            json.Read();
            return fields;
        }

        private static string? StringOnly(ref Utf8JsonReader json)
        {
            json.Read();
            if (json.TokenType == JsonTokenType.String) return json.GetString();
            json.Skip();
            return null;
        }

        private static double? Number(ref Utf8JsonReader json)
        {
            json.Read();
            if (json.TokenType == JsonTokenType.Number && json.TryGetDouble(out var number)) return number;
            if (json.TokenType == JsonTokenType.String && double.TryParse(json.GetString(), CultureInfo.InvariantCulture, out number)) return number;
            json.Skip();
            return null;
        }

        private static string? Scalar(ref Utf8JsonReader json)
        {
            json.Read();
            if (json.TokenType == JsonTokenType.String) return json.GetString();
            if (json.TokenType == JsonTokenType.Number) return Encoding.UTF8.GetString(json.ValueSpan);
            json.Skip();
            return null;
        }
    }
}
