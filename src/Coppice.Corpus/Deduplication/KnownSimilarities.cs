using System.Runtime.InteropServices;
using System.Security.Cryptography;
using Coppice.Foundation;

namespace Coppice.Corpus.Deduplication;

/// <summary>
/// Similarities of pairs of texts, by the hashes of the texts: within a decision, in which a pair is asked for once a band that it shares, and from one build to the next,
/// where reading the texts again would cost more than all that is new.
/// </summary>
internal sealed class KnownSimilarities
{
    // What is beyond is found out again each time: 24 bytes a pair in the file, about twice that in memory.
    private const int MostKept = 1 << 20;

    private readonly string? _path;
    private readonly Dictionary<Pair, double> _before = [];
    private readonly Dictionary<Pair, double> _asked = [];
    private bool _hasNew;

    /// <summary>Reads what an earlier decision kept. A file that is damaged is passed over.</summary>
    /// <param name="path">The file, whether it is there or not; null where nothing is kept.</param>
    public KnownSimilarities(string? path)
    {
        _path = path;
        if (!File.Exists(path)) return;
        var bytes = File.ReadAllBytes(path).AsSpan();
        if (bytes.Length < SHA256.HashSizeInBytes) return;
        var records = bytes[..^SHA256.HashSizeInBytes];
        if (!SHA256.HashData(records).AsSpan().SequenceEqual(bytes[^SHA256.HashSizeInBytes..])) return;
        foreach (var record in MemoryMarshal.Cast<byte, Record>(records)) _before[record.Pair] = record.Similarity;
    }

    /// <summary>The similarity of two texts.</summary>
    /// <param name="first">The hash of one.</param>
    /// <param name="second">The hash of the other.</param>
    /// <param name="measure">Finds out what is not known.</param>
    public double Of(ulong first, ulong second, Func<double> measure)
    {
        var pair = first < second ? new Pair(first, second) : new Pair(second, first);
        if (_asked.TryGetValue(pair, out var similarity)) return similarity;
        if (!_before.TryGetValue(pair, out similarity))
        {
            similarity = measure();
            _hasNew = true;
        }

        if (_asked.Count < MostKept) _asked[pair] = similarity;
        return similarity;
    }

    /// <summary>Keeps what was asked for and, as far as there is room, what was known before: a decision on some documents asks for theirs alone.</summary>
    /// <exception cref="CoppiceException">The file can't be written.</exception>
    public void Write()
    {
        if (_path is null || !_hasNew) return;
        Record[] records = [.. _asked.Concat(_before.Where(known => !_asked.ContainsKey(known.Key))).Take(MostKept).Select(known => new Record(known.Key, known.Value))];
        var bytes = MemoryMarshal.AsBytes(records.AsSpan());
        byte[] checksummed = [.. bytes, .. SHA256.HashData(bytes)];
        AtomicFile.Write(_path, stream => stream.Write(checksummed), toDisk: false);
    }

    private readonly record struct Pair(ulong First, ulong Second);

    private readonly record struct Record(Pair Pair, double Similarity);
}
