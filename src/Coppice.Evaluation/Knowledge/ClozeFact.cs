using System.Text.Encodings.Web;
using System.Text.Json;
using Coppice.Foundation;

namespace Coppice.Evaluation;

/// <summary>
/// A fact as a sentence with its end cut off. The text that is scored is <see cref="Prompt"/> and <see cref="Answer"/> put together as they are:
/// a space between them belongs to one of them.
/// </summary>
/// <param name="Subject">Whom or what it is about.</param>
/// <param name="Prompt">What the model is given.</param>
/// <param name="Answer">What should follow.</param>
public sealed record ClozeFact(string Subject, string Prompt, string Answer)
{
    /// <summary>The kind of a fact whose answer has changed.</summary>
    public const string Updated = "updated";

    /// <summary>The kind of a fact that there was none of before.</summary>
    public const string New = "new";

    /// <summary>The kind of an old fact that is still true.</summary>
    public const string Invariant = "invariant";

    /// <summary>The kind of a fact that is asked for in words in which it was told.</summary>
    public const string Memorisation = "memorisation";

    /// <summary>The kind of a fact that is asked for in other words than those in which it was told.</summary>
    public const string Paraphrase = "paraphrase";

    private static readonly JsonWriterOptions Format = new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    /// <summary>Names it, or null.</summary>
    public string? Id { get; init; }

    /// <summary>What results are counted by, such as <see cref="Updated"/>, or null.</summary>
    public string? Kind { get; init; }

    /// <summary>Since when it is true, as its source wrote it, or null.</summary>
    public string? Date { get; init; }

    /// <summary>The answer that was right before, or null.</summary>
    public string? Obsolete { get; init; }

    /// <summary>The values that the attribute can have, the answer among them or not; empty where they are not known.</summary>
    public IReadOnlyList<string> Candidates { get; init; } = [];

    /// <summary>Whether an update is meant to teach it: its kind is <see cref="Updated"/> or <see cref="New"/>. Any other fact is to be kept.</summary>
    public bool IsToBeLearnt => Kind is Updated or New;

    /// <summary>How messages call it.</summary>
    internal string Name => Id ?? Subject;

    /// <summary>
    /// Reads facts from JSON lines with the fields <c>subject</c>, <c>prompt</c> and <c>answer</c> and, where known, <c>id</c>, <c>kind</c>, <c>date</c>,
    /// <c>obsolete</c> and <c>candidates</c> (a list).
    /// </summary>
    /// <param name="path">The file; gzip where the name ends with <c>.gz</c>.</param>
    /// <exception cref="CoppiceException">The file can't be read, or a line is no fact: the message names the line.</exception>
    public static IReadOnlyList<ClozeFact> Read(string path) => JsonLines.Read(path, "fact", Parse);

    /// <summary>Writes facts as <see cref="Read"/> reads them.</summary>
    /// <param name="path">The file to create or replace.</param>
    /// <param name="facts">The facts.</param>
    /// <exception cref="CoppiceException">The file can't be written.</exception>
    public static void Write(string path, IEnumerable<ClozeFact> facts) => AtomicFile.Write(path, stream =>
    {
        using var json = new Utf8JsonWriter(stream, Format);
        foreach (var fact in facts)
        {
            fact.Write(json);
            json.Flush();
            json.Reset();
            stream.WriteByte((byte)'\n');
        }
    });

    private static ClozeFact Parse(JsonElement line)
    {
        var fact = new ClozeFact(JsonLines.Text(line, "subject"), JsonLines.Text(line, "prompt"), JsonLines.Text(line, "answer"))
        {
            Id = Optional(line, "id"),
            Kind = Optional(line, "kind"),
            Date = Optional(line, "date"),
            Obsolete = Optional(line, "obsolete"),
            Candidates = Texts(line, "candidates"),
        };
        if (fact.Answer.Length == 0) throw new FormatException("'answer' is empty");
        if (fact.Obsolete?.Length == 0) throw new FormatException("'obsolete' is empty; leave it out where no answer was right before");
        if (fact.Candidates.Contains("")) throw new FormatException("one of the 'candidates' is empty");
        return fact.Obsolete == fact.Answer ? throw new FormatException("'obsolete' is the answer itself") : fact;
    }

    // Missing or null, or else text: a number in its place would be a fact without what its writer meant.
    private static string? Optional(JsonElement line, string field) =>
        !line.TryGetProperty(field, out var value) || value.ValueKind == JsonValueKind.Null ? null : JsonLines.Text(line, field);

    private static IReadOnlyList<string> Texts(JsonElement line, string field)
    {
        if (!line.TryGetProperty(field, out var value) || value.ValueKind == JsonValueKind.Null) return [];
        if (value.ValueKind != JsonValueKind.Array || value.EnumerateArray().Any(item => item.ValueKind != JsonValueKind.String)) throw new FormatException($"'{field}' is no list of texts");
        return [.. value.EnumerateArray().Select(item => item.GetString()!)];
    }

    private void Write(Utf8JsonWriter json)
    {
        json.WriteStartObject();
        foreach (var (field, value) in new[] { ("id", Id), ("kind", Kind), ("date", Date), ("subject", Subject), ("prompt", Prompt), ("answer", Answer), ("obsolete", Obsolete) })
        {
            if (value is not null) json.WriteString(field, value);
        }

        if (Candidates.Count > 0)
        {
            json.WriteStartArray("candidates");
            foreach (var candidate in Candidates) json.WriteStringValue(candidate);
            json.WriteEndArray();
        }

        json.WriteEndObject();
    }
}
