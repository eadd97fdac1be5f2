namespace Coppice.Corpus.Scoring;

/// <summary>The words of a text and the n-grams of them, as buckets. Line breaks count as spaces, and n-grams run across them.</summary>
internal ref struct WordFeatures
{
    /// <summary>How long the span that takes buckets must be.</summary>
    public const int SliceLength = 256;

    private const ulong Spread = 0x9E3779B97F4A7C15;
    private readonly int _wordNgrams;
    private readonly int _shift;
    private WordReader _reader;

    // The words before, the nearest first; 0 where there is none.
    private ulong _last;
    private ulong _secondLast;
    private ulong _thirdLast;

    /// <summary>Starts.</summary>
    /// <param name="text">The text.</param>
    /// <param name="wordNgrams">Words of the longest n-gram, from 1 to 4.</param>
    /// <param name="bucketBits">Two to this power is the number of buckets.</param>
    public WordFeatures(ReadOnlySpan<char> text, int wordNgrams, int bucketBits)
    {
        _reader = new WordReader(text);
        _wordNgrams = wordNgrams;
        _shift = 64 - bucketBits;
    }

    /// <summary>Takes the next few features.</summary>
    /// <param name="buckets">Takes their buckets.</param>
    /// <returns>How many; 0 at the end.</returns>
    public int Next(scoped Span<uint> buckets)
    {
        var count = 0;
        while (count <= SliceLength - TextClassifier.MostWordNgrams && _reader.Next())
        {
            if (_reader.Kind == WordKind.LineBreak) continue;
            var hash = _reader.Hash;
            buckets[count++] = (uint)(hash >> _shift);
            if (_wordNgrams > 1 && _last != 0) buckets[count++] = Extend(ref hash, _last);
            if (_wordNgrams > 2 && _secondLast != 0) buckets[count++] = Extend(ref hash, _secondLast);
            if (_wordNgrams > 3 && _thirdLast != 0) buckets[count++] = Extend(ref hash, _thirdLast);
            (_thirdLast, _secondLast, _last) = (_secondLast, _last, _reader.Hash);
        }

        return count;
    }

    private readonly uint Extend(ref ulong hash, ulong before)
    {
        hash = (hash ^ hash >> 29) * Spread + before;
        return (uint)((hash ^ hash >> 32) * Spread >> _shift);
    }
}
