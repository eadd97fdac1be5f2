using System.Text.Encodings.Web;
using System.Text.Json;
using Coppice.Foundation;

namespace Coppice.Corpus.Decontamination;

/// <summary>A file of JSON lines that several threads append hits to.</summary>
/// <param name="path">The file.</param>
internal sealed class HitsFile(string path)
{
    // Enough to judge a hit by, whatever was repeated.
    private const int LongestPassage = 500;
    private static readonly JsonSerializerOptions Format = new() { PropertyNamingPolicy = JsonNamingPolicy.SnakeCaseLower, Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };
    private readonly Lock _lock = new();

    /// <summary>Appends a document's hits.</summary>
    public void Append(Document document, IReadOnlyList<EvaluationHit> hits)
    {
        var lines = hits.Select(hit => JsonSerializer.Serialize(
            new Line(document.Source, document.Id, hit.Set, hit.Line, hit.Start, hit.End, hit.Words, document.Text[hit.Start..Math.Min(hit.End, hit.Start + LongestPassage)]), Format));
        try
        {
            lock (_lock) File.AppendAllLines(path, lines);
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            throw new CoppiceException($"{path}: can't be written: {error.Message}", inner: error);
        }
    }

    private sealed record Line(string Source, string Document, string Set, int Item, int Start, int End, int Words, string Passage);
}
