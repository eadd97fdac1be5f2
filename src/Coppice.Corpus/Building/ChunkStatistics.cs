using System.Text.Json;

namespace Coppice.Corpus.Building;

/// <summary>What was counted of a chunk in a stage, or of a part of it.</summary>
internal sealed record ChunkStatistics
{
    /// <summary>UTF-8 bytes of the text of the documents that came in.</summary>
    public long BytesIn { get; set; }

    /// <summary>Each of the stage's steps.</summary>
    public required IReadOnlyList<StepStatistics> Steps { get; init; }

    /// <summary>The lengths of the documents that came in, as in <see cref="ProfileRecord.Lengths"/>; only in the first stage.</summary>
    public SortedDictionary<int, long> LengthsIn { get; init; } = [];

    /// <summary>What the documents that were kept are like; only in the last stage.</summary>
    public ProfileRecord? Profile { get; set; }

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

    /// <summary>Adds what was counted of another part, but for its <see cref="Profile"/>.</summary>
    /// <param name="part">What was counted.</param>
    public void Add(ChunkStatistics part)
    {
        BytesIn += part.BytesIn;
        for (var step = 0; step < Steps.Count; step++) Steps[step].Add(part.Steps[step]);
        foreach (var (length, count) in part.LengthsIn) LengthsIn[length] = LengthsIn.GetValueOrDefault(length) + count;
        AddSources(Train, part.Train);
        AddSources(Validation, part.Validation);
    }

    /// <summary>Adds documents by source.</summary>
    /// <param name="all">Takes them.</param>
    /// <param name="more">What to add.</param>
    public static void AddSources(SortedDictionary<string, CorpusSourceCount> all, SortedDictionary<string, CorpusSourceCount> more)
    {
        foreach (var (source, count) in more)
        {
            var before = all.GetValueOrDefault(source, new CorpusSourceCount(0, 0));
            all[source] = new CorpusSourceCount(before.Documents + count.Documents, before.Bytes + count.Bytes);
        }
    }
}
