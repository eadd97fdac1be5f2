using System.Text.Json;

namespace Coppice.Corpus.Building;

/// <summary>What was counted of a chunk in a stage.</summary>
internal sealed record ChunkStatistics
{
    /// <summary>UTF-8 bytes of the text of the documents that came in.</summary>
    public long BytesIn { get; init; }

    /// <summary>Each of the stage's steps.</summary>
    public required IReadOnlyList<StepStatistics> Steps { get; init; }

    /// <summary>The lengths of the documents that came in, as in <see cref="ProfileRecord.Lengths"/>; only in the first stage.</summary>
    public IReadOnlyDictionary<int, long>? LengthsIn { get; init; }

    /// <summary>What the documents that were kept are like; only in the last stage.</summary>
    public ProfileRecord? Profile { get; init; }

    /// <summary>What is for training, by source; only in the last stage.</summary>
    public SortedDictionary<string, CorpusSourceCount> Train { get; init; } = new(StringComparer.Ordinal);

    /// <summary>What is for validation, by source; only in the last stage.</summary>
    public SortedDictionary<string, CorpusSourceCount> Validation { get; init; } = new(StringComparer.Ordinal);

    /// <summary>The statistics of a chunk.</summary>
    /// <param name="chunk">The chunk.</param>
    public static ChunkStatistics Read(ChunkFile chunk)
    {
        using var json = chunk.Decompress(ChunkSection.Statistics);
        return JsonSerializer.Deserialize<ChunkStatistics>(json, DocumentTrace.Json)!;
    }
}
