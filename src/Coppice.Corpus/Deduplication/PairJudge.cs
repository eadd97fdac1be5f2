namespace Coppice.Corpus.Deduplication;

/// <summary>Tells whether two documents are duplicates, as the options say how.</summary>
/// <param name="options">How.</param>
/// <param name="corpus">The documents.</param>
/// <param name="signatures">Their signatures.</param>
/// <param name="texts">The hashes of their texts; 0 of an earlier document, whose text may be gone.</param>
/// <param name="known">Similarities that were found out before.</param>
internal sealed class PairJudge(MinHashOptions options, ISketchedCorpus corpus, SignatureStore signatures, ulong[] texts, KnownSimilarities known)
{
    private const int Remembered = 32;

    // The estimate decides where it lies this many of its standard errors from the threshold: it is then wrong for less than one pair in forty, all of them close calls.
    private const double ClearErrors = 2;

    private readonly double _closeCall = ClearErrors * Math.Sqrt(options.Threshold * (1 - options.Threshold) / options.Bands.Hashes);
    private readonly uint[] _first = new uint[options.Bands.Hashes];
    private readonly uint[] _second = new uint[options.Bands.Hashes];
    private readonly Queue<int> _age = new();
    private readonly Dictionary<int, ulong[]> _shingles = [];

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

        return texts[first] == 0 || texts[second] == 0 ? estimate : known.Of(texts[first], texts[second], () => Shingling.Jaccard(ShinglesOf(first), ShinglesOf(second)));
    }

    private ulong[] ShinglesOf(int index)
    {
        if (_shingles.TryGetValue(index, out var remembered)) return remembered;
        if (_age.Count == Remembered) _shingles.Remove(_age.Dequeue());
        var shingles = options.Shingling.SetOf(corpus.Load(index)!.Text);
        _age.Enqueue(index);
        _shingles[index] = shingles;
        return shingles;
    }
}
