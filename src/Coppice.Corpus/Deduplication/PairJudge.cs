namespace Coppice.Corpus.Deduplication;

/// <summary>Tells whether two documents are duplicates, as the options say how.</summary>
/// <param name="options">How.</param>
/// <param name="corpus">The documents.</param>
/// <param name="signatures">Their signatures.</param>
internal sealed class PairJudge(MinHashOptions options, ISketchedCorpus corpus, SignatureStore signatures)
{
    private const int Remembered = 32, PairsRemembered = 1 << 20;

    // The estimate decides where it lies this many of its standard errors from the threshold: it is then wrong for less than one pair in forty, all of them close calls.
    private const double ClearErrors = 2;

    private readonly double _closeCall = ClearErrors * Math.Sqrt(options.Threshold * (1 - options.Threshold) / options.Bands.Hashes);
    private readonly uint[] _first = new uint[options.Bands.Hashes];
    private readonly uint[] _second = new uint[options.Bands.Hashes];
    private readonly Queue<int> _age = new();
    private readonly Dictionary<int, ulong[]?> _shingles = [];

    // A pair is asked for once a band that it shares, and once more when one of its cluster is chosen: reading texts again takes far longer than looking it up.
    private readonly Dictionary<(int First, int Second), double> _exact = [];

    /// <summary>Whether two candidates are duplicates.</summary>
    /// <param name="first">A document.</param>
    /// <param name="second">Another.</param>
    public bool AreDuplicates(int first, int second) => options.Verify == Verification.None || Similarity(first, second) >= options.Threshold;

    /// <summary>The Jaccard similarity of two documents, as exactly as the options ask for.</summary>
    /// <param name="first">A document.</param>
    /// <param name="second">Another.</param>
    public double Similarity(int first, int second)
    {
        signatures.Read(first, _first);
        signatures.Read(second, _second);
        var estimate = MinHasher.Similarity(_first, _second);
        if (options.Verify == Verification.Estimate) return estimate;
        if (options.Verify == Verification.Close && Math.Abs(estimate - options.Threshold) > _closeCall) return estimate;

        var pair = first < second ? (first, second) : (second, first);
        if (_exact.TryGetValue(pair, out var known)) return known;

        // The text of an earlier document may be gone; its signature is not.
        var exact = ShinglesOf(first) is { } a && ShinglesOf(second) is { } b ? Shingling.Jaccard(a, b) : estimate;
        if (_exact.Count < PairsRemembered) _exact[pair] = exact;
        return exact;
    }

    private ulong[]? ShinglesOf(int index)
    {
        if (_shingles.TryGetValue(index, out var known)) return known;
        if (_age.Count == Remembered) _shingles.Remove(_age.Dequeue());
        var shingles = corpus.Load(index) is { } document ? options.Shingling.SetOf(document.Text) : null;
        _age.Enqueue(index);
        _shingles[index] = shingles;
        return shingles;
    }
}
