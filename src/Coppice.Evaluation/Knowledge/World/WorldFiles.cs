using System.Text.Encodings.Web;
using System.Text.Json;
using Coppice.Corpus;
using Coppice.Foundation;

namespace Coppice.Evaluation;

/// <summary>How much a world's files hold.</summary>
/// <param name="Documents">Documents of the world as it is at first.</param>
/// <param name="Facts">Facts of the world as it is at first.</param>
/// <param name="UpdateDocuments">Documents of the update.</param>
/// <param name="UpdateFacts">Facts of the updated world.</param>
public sealed record WorldContents(int Documents, int Facts, int UpdateDocuments, int UpdateFacts);

/// <summary>A synthetic world as files, which training and probes read.</summary>
public static class WorldFiles
{
    /// <summary>Documents as JSON lines with <c>id</c>, <c>text</c> and <c>source</c>.</summary>
    public const string Documents = "documents.jsonl";

    /// <summary>Facts, as <see cref="ClozeFact.Read"/> reads them.</summary>
    public const string Facts = "facts.jsonl";

    /// <summary>Documents of the update, where the world has one.</summary>
    public const string UpdateDocuments = "update-documents.jsonl";

    /// <summary>Facts of the updated world, where the world has an update.</summary>
    public const string UpdateFacts = "update-facts.jsonl";

    private static readonly JsonWriterOptions Format = new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    /// <summary>Writes a world.</summary>
    /// <param name="folder">The folder; made where it isn't there, and the files in it replaced.</param>
    /// <param name="options">The world.</param>
    /// <exception cref="CoppiceException">An option is outside its range (exit code 2), or a file can't be written.</exception>
    public static WorldContents Write(string folder, WorldOptions options)
    {
        var world = new SyntheticWorld(options);
        var documents = WriteDocuments(Path.Combine(folder, Documents), world.Documents());
        var facts = WriteFacts(Path.Combine(folder, Facts), world.Facts());
        if (!options.HasUpdate) return new WorldContents(documents, facts, 0, 0);
        return new WorldContents(
            documents,
            facts,
            WriteDocuments(Path.Combine(folder, UpdateDocuments), world.UpdateDocuments()),
            WriteFacts(Path.Combine(folder, UpdateFacts), world.UpdateFacts()));
    }

    private static int WriteFacts(string path, IEnumerable<ClozeFact> facts)
    {
        List<ClozeFact> list = [.. facts];
        ClozeFact.Write(path, list);
        return list.Count;
    }

    private static int WriteDocuments(string path, IEnumerable<Document> documents)
    {
        var count = 0;
        AtomicFile.Write(path, stream =>
        {
            using var json = new Utf8JsonWriter(stream, Format);
            foreach (var document in documents)
            {
                json.WriteStartObject();
                json.WriteString("id", document.Id);
                json.WriteString("text", document.Text);
                json.WriteString("source", document.Source);
                json.WriteEndObject();
                json.Flush();
                json.Reset();
                stream.WriteByte((byte)'\n');
                count++;
            }
        });
        return count;
    }
}
