using System.Text.Json;
using Coppice.Foundation;

namespace Coppice.Corpus.Building;

/// <summary>The chunks of the last build that was finished, by their names: a file that grew has chunks of which much is as it was.</summary>
internal sealed class EarlierChunks
{
    private readonly WorkFolder _work;
    private readonly IReadOnlyList<IReadOnlyList<string>> _stages;
    private readonly Dictionary<string, int> _places = new(StringComparer.Ordinal);
    private readonly IReadOnlyList<string> _names;

    /// <summary>Finds them.</summary>
    /// <param name="work">Where results lie.</param>
    /// <param name="names">What the chunks of this build are called.</param>
    public EarlierChunks(WorkFolder work, IReadOnlyList<string> names)
    {
        _work = work;
        _names = names;
        _stages = work.ReadChunks() ?? [];
        foreach (var (place, name) in (work.ReadNames() ?? []).Index()) _places[name] = place;
    }

    /// <summary>What a stage made of a chunk, part by part; null where it is gone.</summary>
    /// <param name="chunk">The chunk's number in this build.</param>
    /// <param name="stage">The stage's number.</param>
    public EarlierParts? Find(int chunk, int stage) =>
        stage < _stages.Count && _places.TryGetValue(_names[chunk], out var place) && place < _stages[stage].Count ? EarlierParts.Open(_work.Chunk(_stages[stage][place])) : null;
}

/// <summary>The parts of a chunk's result, to be copied where nothing about them changed.</summary>
internal sealed class EarlierParts
{
    private readonly Dictionary<string, (PartResult Result, int[] Starts)> _parts = new(StringComparer.Ordinal);
    private readonly byte[][] _sections;

    private EarlierParts(IReadOnlyList<PartResult> parts, byte[][] sections)
    {
        _sections = sections;
        var starts = new int[sections.Length];
        foreach (var part in parts)
        {
            _parts[part.Key] = (part, [.. starts]);
            for (var section = 0; section < starts.Length; section++) starts[section] += part.Lengths[section];
        }
    }

    /// <summary>Opens a chunk's result, or gives null where it is gone or damaged.</summary>
    /// <param name="path">The file.</param>
    public static EarlierParts? Open(string path)
    {
        try
        {
            if (!File.Exists(path)) return null;
            var chunk = ChunkFile.Open(path);
            using var parts = chunk.Decompress(ChunkSection.Parts);
            return new EarlierParts(JsonSerializer.Deserialize<PartResult[]>(parts, DocumentTrace.Json)!, [.. Enum.GetValues<ChunkSection>().Select(section => Read(chunk, section))]);
        }
        catch (Exception error) when (error is CoppiceException or JsonException)
        {
            return null;
        }
    }

    /// <summary>What was made of a part, or null.</summary>
    /// <param name="key">The part's key.</param>
    public PartResult? Find(string key) => _parts.TryGetValue(key, out var part) ? part.Result : null;

    /// <summary>The bytes that a part has of a section.</summary>
    /// <param name="part">The part.</param>
    /// <param name="section">The section.</param>
    public ReadOnlySpan<byte> Slice(PartResult part, ChunkSection section) => _sections[(int)section].AsSpan(_parts[part.Key].Starts[(int)section], part.Lengths[(int)section]);

    private static byte[] Read(ChunkFile chunk, ChunkSection section)
    {
        if (section is ChunkSection.Blocks or ChunkSection.Parts or ChunkSection.Statistics) return [];
        if (section != ChunkSection.Trace) return chunk.Read(section);
        using var traces = new MemoryStream();
        using (var lines = chunk.Decompress(section)) lines.CopyTo(traces);
        return traces.ToArray();
    }
}
