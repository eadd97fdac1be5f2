namespace Coppice.Corpus.Building;

/// <summary>A run of chunks whose documents share a file of the corpus.</summary>
/// <param name="First">The first chunk.</param>
/// <param name="End">The one behind the last.</param>
internal readonly record struct CorpusShard(int First, int End)
{
    private const byte EndsShard = 3;
    private const int LargestOfSmallest = 4;

    /// <summary>The numbers of its chunks.</summary>
    public IEnumerable<int> Chunks => Enumerable.Range(First, End - First);

    /// <summary>
    /// Divides the chunks of the last stage into runs. Where one ends is told by what its last chunk holds: another document changes the run that it falls into and, at
    /// most, some that follow it.
    /// </summary>
    /// <param name="chunks">The chunks in order.</param>
    /// <param name="smallest">How many compressed bytes a run has at least; none but the last has fewer, and none has a chunk more than four times as many.</param>
    public static IReadOnlyList<CorpusShard> Of(IEnumerable<ChunkFile> chunks, long smallest)
    {
        var shards = new List<CorpusShard>();
        var (first, end, bytes) = (0, 0, 0L);
        foreach (var chunk in chunks)
        {
            end++;
            bytes += chunk.Length(ChunkSection.Documents) + chunk.Length(ChunkSection.Validation);
            if (bytes < smallest || (bytes < LargestOfSmallest * smallest && (chunk.Digest(ChunkSection.Digests)[0] & EndsShard) != 0)) continue;
            shards.Add(new CorpusShard(first, end));
            (first, bytes) = (end, 0);
        }

        if (first < end) shards.Add(new CorpusShard(first, end));
        return shards;
    }
}
