using System.Buffers;
using System.Buffers.Binary;
using System.Globalization;
using System.Runtime.InteropServices;
using Coppice.Foundation;

namespace Coppice.Corpus.Deduplication;

/// <summary>
/// Drops near duplicates: MinHash signatures, locality-sensitive hashing for candidates, confirmation, clusters; of each cluster the preferred document stays, and with it
/// every other that is no duplicate of one that stays.
/// </summary>
/// <remarks>
/// The normalisation is datatrove's (<see cref="FoldedWordReader"/>), the hash functions are not: signatures of the two can't be mixed. A sketch is 4 bytes a hash and 12 more, 460 by
/// default. Deciding takes 24 bytes of memory a document beside the budget. Documents of an earlier corpus take part and always stay.
/// </remarks>
/// <param name="options">How; null for the defaults.</param>
[Technique("minhash", Title = "On the resemblance and containment of documents", Paper = "doi:10.1109/SEQUEN.1997.666900")]
[Technique("minhash-lsh", Title = "Approximate nearest neighbors: towards removing the curse of dimensionality", Paper = "doi:10.1145/276698.276876")]
[Technique("fineweb-minhash", Title = "The FineWeb Datasets: Decanting the Web for the Finest Text Data at Scale", Paper = "arXiv:2406.17557")]
public sealed class MinHashDuplicates(MinHashOptions? options = null) : ILinkingStep
{
    // How many documents it stands for, and the hash of its text; then the signature, of a document that has one.
    private const int CopiesBytes = sizeof(int), HeadBytes = CopiesBytes + sizeof(ulong);

    private readonly MinHashOptions _options = options ?? new MinHashOptions();

    /// <inheritdoc/>
    public string Name => "minhash";

    /// <inheritdoc/>
    public string SketchVersion => string.Create(
        CultureInfo.InvariantCulture,
        $"2 {_options.Shingling.Unit} {_options.Shingling.Size} {_options.Shingling.WholeIfShorter} {_options.Bands.Bands}x{_options.Bands.Rows} {_options.Seed}");

    /// <inheritdoc/>
    public Action<Document, IBufferWriter<byte>> BeginSketching()
    {
        var hasher = new MinHasher(_options.Shingling, _options.Bands.Hashes, _options.Seed);
        var signature = new uint[hasher.Hashes];
        return (document, sketch) =>
        {
            var head = sketch.GetSpan(HeadBytes);
            BinaryPrimitives.WriteInt32LittleEndian(head, (int)Math.Min(document.Copies, int.MaxValue));
            BinaryPrimitives.WriteUInt64LittleEndian(head[CopiesBytes..], TextHash.Of(document.Text));
            sketch.Advance(HeadBytes);
            if (!hasher.Sign(document.Text, signature)) return;
            var bytes = sketch.GetSpan(signature.Length * sizeof(uint));
            for (var i = 0; i < signature.Length; i++) BinaryPrimitives.WriteUInt32LittleEndian(bytes[(i * sizeof(uint))..], signature[i]);
            sketch.Advance(signature.Length * sizeof(uint));
        };
    }

    /// <inheritdoc/>
    public void AddKeys(ReadOnlySpan<byte> sketch, List<ulong> keys)
    {
        if (sketch.Length == HeadBytes) return;
        for (var band = 0; band < _options.Bands.Bands; band++) keys.Add(KeyOf(sketch[HeadBytes..], band));
    }

    /// <inheritdoc/>
    public void Decide(ISketchedCorpus corpus, IDecisions decisions, CancellationToken cancellation)
    {
        var count = DocumentCount.Of(corpus);
        var preferences = new ulong[count];
        var copies = new int[count];
        var texts = new ulong[count];
        var clusters = new UnionFind(count);
        var hashes = _options.Bands.Hashes;
        using var signatures = new SignatureStore(corpus.WorkFolder, _options.Verify == Verification.None ? 0 : count, hashes, corpus.MemoryBudget / 2);
        using var bands = new ExternalSorter<BandKey>(corpus.WorkFolder, corpus.MemoryBudget * 3 / 8);
        var buffers = new List<BandKeyBuffer>();
        corpus.LookAtAll(() =>
        {
            var signature = new uint[hashes];
            var keys = new BandKeyBuffer(bands);
            lock (buffers) buffers.Add(keys);
            return document =>
            {
                cancellation.ThrowIfCancellationRequested();
                var index = (int)document.Index;
                var sketch = document.Sketch.Span;
                preferences[index] = Preference.Of(document, _options.Keep);
                copies[index] = BinaryPrimitives.ReadInt32LittleEndian(sketch);
                if (!document.IsEarlier) texts[index] = BinaryPrimitives.ReadUInt64LittleEndian(sketch[CopiesBytes..]);
                if (sketch.Length == HeadBytes) return;
                for (var i = 0; i < hashes; i++) signature[i] = ValueAt(sketch[HeadBytes..], i);
                if (_options.Verify != Verification.None) signatures.Write(index, signature);
                for (var band = 0; band < _options.Bands.Bands; band++) keys.Add(new BandKey(KeyOf(sketch[HeadBytes..], band), index));
            };
        });
        foreach (var buffer in buffers) buffer.Flush();

        var known = new KnownSimilarities(corpus.KeptFile);
        var pairs = new PairJudge(_options, corpus, signatures, texts, known);
        new CandidateGroups(pairs, clusters, decisions).Join(bands.SortedShared(band => band.Key), cancellation);
        Choose(clusters, preferences, copies, pairs, decisions, cancellation);
        known.Write();
    }

    /// <inheritdoc/>
    public StepResult Apply(Document document, ReadOnlySpan<byte> edit) => StepResult.Keep(document);

    private ulong KeyOf(ReadOnlySpan<byte> signature, int band)
    {
        // The band goes into the key, so that one sort serves all bands.
        var key = CounterRandom.Mix((ulong)band);
        for (var row = band * _options.Bands.Rows; row < (band + 1) * _options.Bands.Rows; row++) key = CounterRandom.Mix(key ^ ValueAt(signature, row));
        return key;
    }

    private static uint ValueAt(ReadOnlySpan<byte> signature, int place) => BinaryPrimitives.ReadUInt32LittleEndian(signature[(place * sizeof(uint))..]);

    /// <summary>In each cluster, from the most preferred on: a document goes if it is a duplicate of one that stays.</summary>
    private void Choose(UnionFind clusters, ulong[] preferences, int[] copies, PairJudge pairs, IDecisions decisions, CancellationToken cancellation)
    {
        var kept = new List<(int Index, long Copies)>();
        foreach (var cluster in ClustersOf(clusters, preferences))
        {
            cancellation.ThrowIfCancellationRequested();
            kept.Clear();
            foreach (var index in cluster)
            {
                var (place, similarity) = preferences[index] == Preference.Earlier ? (-1, null) : FindKept(kept, index, pairs);
                if (place < 0)
                {
                    kept.Add((index, copies[index]));
                    continue;
                }

                Measurement? measured = similarity is { } value ? new Measurement("jaccard similarity", value, _options.Threshold) : null;
                decisions.Drop(index, "near duplicate", measured, kept[place].Index);
                kept[place] = (kept[place].Index, kept[place].Copies + copies[index]);
            }

            foreach (var (index, all) in kept)
            {
                if (preferences[index] != Preference.Earlier && all > copies[index]) decisions.StandsFor(index, all);
            }
        }
    }

    private (int Place, double? Similarity) FindKept(List<(int Index, long Copies)> kept, int index, PairJudge pairs)
    {
        if (_options.Verify == Verification.None) return (kept.Count == 0 ? -1 : 0, null);
        for (var place = 0; place < kept.Count; place++)
        {
            var similarity = pairs.Similarity(kept[place].Index, index);
            if (similarity >= _options.Threshold) return (place, similarity);
        }

        return (-1, null);
    }

    /// <summary>The clusters of more than one document in the order of their first one; each in the order of preference.</summary>
    private static IEnumerable<ArraySegment<int>> ClustersOf(UnionFind clusters, ulong[] preferences)
    {
        var shared = new HashSet<int>();
        for (var i = 0; i < preferences.Length; i++)
        {
            var root = clusters.Find(i);
            if (root != i) shared.Add(root);
        }

        var members = Enumerable.Range(0, preferences.Length).Where(i => shared.Contains(clusters.Find(i))).ToArray();
        Array.Sort(members, (a, b) => (clusters.Find(a), preferences[a], a).CompareTo((clusters.Find(b), preferences[b], b)));
        for (var start = 0; start < members.Length;)
        {
            var end = start + 1;
            while (end < members.Length && clusters.Find(members[end]) == clusters.Find(members[start])) end++;
            yield return new ArraySegment<int>(members, start, end - start);
            start = end;
        }
    }
}

/// <summary>That a document has a value in a band.</summary>
/// <param name="Key">The hash of the band and its rows.</param>
/// <param name="Document">The document.</param>
[StructLayout(LayoutKind.Sequential, Pack = 4)]
internal readonly record struct BandKey(ulong Key, int Document) : IComparable<BandKey>
{
    /// <inheritdoc/>
    public int CompareTo(BandKey other) => Key == other.Key ? Document.CompareTo(other.Document) : Key.CompareTo(other.Key);
}

/// <summary>Collects the keys that one thread makes, so that threads seldom wait for each other.</summary>
/// <param name="sorter">Takes them.</param>
internal sealed class BandKeyBuffer(ExternalSorter<BandKey> sorter)
{
    private readonly BandKey[] _keys = new BandKey[4096];
    private int _count;

    /// <summary>Adds a key.</summary>
    /// <param name="key">The key.</param>
    public void Add(BandKey key)
    {
        if (_count == _keys.Length) Flush();
        _keys[_count++] = key;
    }

    /// <summary>Passes on what was collected.</summary>
    public void Flush()
    {
        lock (sorter) sorter.Add(_keys.AsSpan(0, _count));
        _count = 0;
    }
}

/// <summary>How many documents there are, as the arrays of a decision count them.</summary>
internal static class DocumentCount
{
    /// <summary>The number of documents.</summary>
    /// <param name="corpus">The corpus.</param>
    /// <exception cref="CoppiceException">There are more than fit.</exception>
    public static int Of(ISketchedCorpus corpus) => corpus.Count <= Array.MaxLength
        ? (int)corpus.Count
        : throw new CoppiceException($"{corpus.Count} documents are more than one deduplication can compare ({Array.MaxLength}): build the corpus in parts");
}
