using System.Text.Json;
using System.Text.Json.Serialization;
using Coppice.Foundation;

namespace Coppice.Corpus;

/// <summary>What a written corpus holds and how it came about: the file <c>corpus.json</c>.</summary>
public sealed record CorpusManifest
{
    internal const int CurrentVersion = 2;

    internal static JsonSerializerOptions Json { get; } = new()
    {
        WriteIndented = true,
        PropertyNamingPolicy = JsonNamingPolicy.SnakeCaseLower,
        Converters = { new JsonStringEnumConverter(JsonNamingPolicy.SnakeCaseLower) },
        RespectNullableAnnotations = true,
        RespectRequiredConstructorParameters = true,
    };

    /// <summary>The version of the layout.</summary>
    public required int Version { get; init; }

    /// <summary>The training documents.</summary>
    public required CorpusPart Train { get; init; }

    /// <summary>The validation documents, or null where there is no split.</summary>
    public CorpusPart? Validation { get; init; }

    /// <summary>How the text was divided.</summary>
    public required SplitKind Split { get; init; }

    /// <summary>The share of validation.</summary>
    public double ValidationShare { get; init; }

    /// <summary>The seed of the split.</summary>
    public ulong SplitSeed { get; init; }

    /// <summary>Files read.</summary>
    public long FilesRead { get; init; }

    /// <summary>Documents read, before any was dropped.</summary>
    public long DocumentsRead { get; init; }

    /// <summary>UTF-8 bytes of their text.</summary>
    public long BytesRead { get; init; }

    /// <summary>What was dropped, by reason.</summary>
    public required IReadOnlyDictionary<string, long> Dropped { get; init; }

    /// <summary>Files that were not read, by reason.</summary>
    public required IReadOnlyDictionary<string, long> SkippedFiles { get; init; }

    /// <summary>What was wrong with text that was kept, by kind.</summary>
    public required IReadOnlyDictionary<string, long> Problems { get; init; }
}

/// <summary>The documents of a written corpus that are for training, or those for validation.</summary>
public sealed record CorpusPart
{
    /// <summary>The files that hold them, in order.</summary>
    public required IReadOnlyList<CorpusFile> Files { get; init; }

    /// <summary>Documents in them.</summary>
    public required long Documents { get; init; }

    /// <summary>UTF-8 bytes of their text.</summary>
    public required long Bytes { get; init; }

    /// <summary>SHA-256 of the lines' own SHA-256 in order: equal for equal documents, whatever divided and compressed them.</summary>
    public required string Fingerprint { get; init; }

    /// <summary>Documents and bytes by source.</summary>
    public required IReadOnlyDictionary<string, CorpusSourceCount> Sources { get; init; }
}

/// <summary>A file of a written corpus.</summary>
/// <param name="File">Its path in the corpus's folder, with <c>/</c>.</param>
/// <param name="Bytes">Its length.</param>
/// <param name="Sha256">SHA-256 of the file as it is on the disk.</param>
public sealed record CorpusFile(string File, long Bytes, string Sha256);

/// <summary>What one source has in a part of a corpus.</summary>
/// <param name="Documents">Documents.</param>
/// <param name="Bytes">UTF-8 bytes of their text.</param>
public sealed record CorpusSourceCount(long Documents, long Bytes);
