namespace Coppice.Corpus.Building;

/// <summary>What to build and how.</summary>
public sealed record CorpusBuildOptions
{
    /// <summary>What to read.</summary>
    public required IReadOnlyList<CorpusInput> Inputs { get; init; }

    /// <summary>The folder to write.</summary>
    public required string Output { get; init; }

    /// <summary>What is done to the documents.</summary>
    public required CurationRecipe Recipe { get; init; }

    /// <summary>How to divide what is left.</summary>
    public CorpusSplit Split { get; init; } = CorpusSplit.None;

    /// <summary>Corpora that were built earlier: their documents take part as earlier ones wherever documents are compared with each other.</summary>
    public IReadOnlyList<string> Against { get; init; } = [];

    /// <summary>Threads to work with; 0 means one for each core. The result does not depend on it.</summary>
    public int Threads { get; init; }

    /// <summary>
    /// Bytes of memory to stay within: text that is worked on, and what steps compare documents by, of which the rest goes to the disk. 0 means 2 GB, or half of what there is where
    /// that is less. Beside it are the program itself, what single steps are told to hold (lists, models, filters), and some 40 bytes a document. The result does not depend on it.
    /// </summary>
    public long Memory { get; init; }

    /// <summary>How files are read.</summary>
    public ReaderOptions Reading { get; init; } = new();

    /// <summary>
    /// About how many UTF-16 units of text a chunk has: what is done in one piece, kept in one file of results and lost when the process is killed. Results under
    /// another value are not used again.
    /// </summary>
    public int ChunkCharacters { get; init; } = 4 << 20;

    /// <summary>
    /// How many compressed bytes a file of documents has at least, and a quarter of how many it has at most, to a chunk. Files whose documents are as they were are not written
    /// again by a later build: in smaller ones it has less to write.
    /// </summary>
    public long ShardBytes { get; init; } = 4 << 20;
}

/// <summary>How far a build has come.</summary>
/// <param name="Doing">What is being done.</param>
/// <param name="BytesDone">Bytes of this stage that are done: of files on the disk while reading, of text later.</param>
/// <param name="BytesTotal">How many there are; 0 where it is not known.</param>
/// <param name="BytesReused">How many of those that are done were done before.</param>
/// <param name="Documents">Documents that went through this stage.</param>
public readonly record struct BuildProgress(string Doing, long BytesDone, long BytesTotal, long BytesReused, long Documents);
