using System.Text.Json;
using Coppice.Evaluation;
using Coppice.Foundation;
using Coppice.Models;

namespace Coppice.Continual.Updates;

/// <summary>What the parent makes of each document that was kept apart. Measured once; an update that goes on finds it.</summary>
internal sealed record Baseline
{
    private const string FileName = "baseline.json";

    private static readonly JsonSerializerOptions Format = new() { PropertyNamingPolicy = JsonNamingPolicy.SnakeCaseLower };

    /// <summary>The parent's fingerprint, and what it was measured on.</summary>
    public required string Key { get; init; }

    /// <summary>The scores of each source's documents, in the order of the sources.</summary>
    public required IReadOnlyList<IReadOnlyList<DocumentScore>> Scores { get; init; }

    /// <summary>Bits per byte of a source.</summary>
    /// <param name="source">Its number.</param>
    public double BitsPerByte(int source) => HeldOutSource.BitsPerByte(Scores[source]);

    /// <summary>Reads what was measured, or measures.</summary>
    public static Baseline LoadOrMeasure(UpdateRequest request, ParentModel parent, LanguageModel model, UpdateData data, CancellationToken cancellation)
    {
        var path = Path.Combine(request.Directory, FileName);
        var key = Checksum.Of(parent.Fingerprint + string.Join('\n', data.HeldOutOfParent.Select(source => FormattableString.Invariant($"{source.Name} {source.Sequences.Count} {source.Tokens} {source.Bytes}"))));
        if (Read(path) is { } there && there.Key == key && there.Scores.Count == data.HeldOutOfParent.Count) return there;
        using var scorer = new DocumentScorer(model, parent.Tokenizer);
        var scores = new List<IReadOnlyList<DocumentScore>>();
        foreach (var source in data.HeldOutOfParent)
        {
            request.Notice(FormattableString.Invariant($"measuring the parent on {source.Name}: {source.Tokens:N0} tokens that were kept apart"));
            scores.Add(source.Score(scorer, cancellation));
        }

        var measured = new Baseline { Key = key, Scores = scores };
        AtomicFile.WriteText(path, JsonSerializer.Serialize(measured, Format) + "\n");
        return measured;
    }

    private static Baseline? Read(string path)
    {
        try
        {
            return File.Exists(path) ? JsonSerializer.Deserialize<Baseline>(File.ReadAllBytes(path), Format) : null;
        }
        catch (Exception error) when (error is JsonException or IOException or UnauthorizedAccessException)
        {
            // It can be measured again.
            return null;
        }
    }
}
