using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Serialization;

namespace Coppice.Corpus.Building;

/// <summary>What a stage's steps made of one document.</summary>
/// <param name="Id">The document's id.</param>
/// <param name="Source">Its source.</param>
/// <param name="Verdicts">What the steps made of it; a step that kept it and measured nothing is not there.</param>
internal sealed record DocumentTrace(string Id, string Source, IReadOnlyList<StepVerdict> Verdicts)
{
    /// <summary>How verdicts are written: short, since there is one for each document and step.</summary>
    public static JsonSerializerOptions Json { get; } = new()
    {
        PropertyNamingPolicy = JsonNamingPolicy.SnakeCaseLower,
        Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping,
        DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull,
        NumberHandling = JsonNumberHandling.AllowNamedFloatingPointLiterals,
    };

    /// <summary>Reads the traces of a chunk, in the documents' order.</summary>
    /// <param name="chunk">The chunk.</param>
    public static IEnumerable<DocumentTrace> Read(ChunkFile chunk)
    {
        using var lines = new Utf8LineReader(chunk.Decompress(ChunkSection.Trace), Array.MaxLength);
        while (lines.Read()) yield return JsonSerializer.Deserialize<DocumentTrace>(lines.Line, Json)!;
    }
}

/// <summary>What a step made of a document.</summary>
/// <param name="Number">The step's number in the recipe, from 0.</param>
/// <param name="Step">The step's name.</param>
/// <param name="Verdict">What became of the document: <c>kept</c>, <c>changed</c>, <c>dropped</c> or <c>quarantined</c>.</param>
/// <param name="Reason">Why it was dropped.</param>
/// <param name="Measured">The rule that decided, or came nearest to deciding, and what it measured.</param>
/// <param name="Because">The document that it repeats.</param>
/// <param name="Changes">What was rewritten.</param>
public sealed record StepVerdict(
    int Number, string Step, string Verdict, string? Reason = null, Measurement? Measured = null, string? Because = null, IReadOnlyList<ReasonCount>? Changes = null)
{
    /// <summary>The words for what became of a document.</summary>
    public const string Kept = "kept", Changed = "changed", Dropped = "dropped", Quarantined = "quarantined";
}
