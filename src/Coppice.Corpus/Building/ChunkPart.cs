namespace Coppice.Corpus.Building;

/// <summary>
/// Documents of a chunk that go through a stage together. Where a chunk is made again, as it is when anything is decided otherwise of one of its documents, only those of its parts are
/// that changed.
/// </summary>
/// <param name="Key">Everything that the result depends on, or null where it is not kept part by part.</param>
/// <param name="Documents">The documents.</param>
/// <param name="Decisions">The decision on each, of the step before the stage; none where there is no such step.</param>
internal sealed record ChunkPart(string? Key, IEnumerable<Document> Documents, IReadOnlyList<Decision> Decisions);

/// <summary>What a stage made of a part: which bytes of the chunk's sections are its own.</summary>
internal sealed record PartResult
{
    /// <summary>The part's key.</summary>
    public required string Key { get; init; }

    /// <summary>Documents that came in.</summary>
    public required long DocumentsIn { get; init; }

    /// <summary>Documents that were kept.</summary>
    public required long DocumentsOut { get; init; }

    /// <summary>UTF-8 bytes of their text.</summary>
    public required long BytesOut { get; init; }

    /// <summary>How many bytes it has of each section; of the traces before they are compressed.</summary>
    public required int[] Lengths { get; init; }

    /// <summary>The members of its documents, counted from its own beginning.</summary>
    public required DocumentBlock[] Blocks { get; init; }

    /// <summary>What was counted.</summary>
    public required ChunkStatistics Statistics { get; init; }
}
