namespace Coppice.Corpus.Selection;

/// <summary>
/// Counts the words and word pairs of a text in a fixed number of buckets: DSIR's features. A word is a run of letters, digits and underscores, or a run of other characters
/// without white space (NLTK's WordPunct), in lower case. One text at a time.
/// </summary>
/// <remarks>The published features are hashed by SHA-256; which n-grams share a bucket is another matter here, how many do is not.</remarks>
public sealed class HashedNgrams
{
    private const ulong WordBase = 0x100000001B3;
    private readonly int[] _counts;
    private readonly List<int> _touched = [];

    /// <summary>Makes empty buckets.</summary>
    /// <param name="buckets">How many.</param>
    public HashedNgrams(int buckets)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(buckets, 1);
        _counts = new int[buckets];
    }

    /// <summary>The buckets that hold something, ascending after <see cref="Count"/>.</summary>
    public IReadOnlyList<int> Touched => _touched;

    /// <summary>All n-grams of the latest text: 2·words − 1, or none.</summary>
    public long Total { get; private set; }

    /// <summary>What a bucket holds.</summary>
    /// <param name="bucket">Which.</param>
    public int this[int bucket] => _counts[bucket];

    /// <summary>Counts a text in place of the one before.</summary>
    /// <param name="text">The text.</param>
    public void Count(ReadOnlySpan<char> text)
    {
        foreach (var bucket in _touched) _counts[bucket] = 0;
        _touched.Clear();
        Total = 0;
        var before = 0UL;
        var i = 0;
        while (i < text.Length)
        {
            var kind = KindOf(text[i]);
            if (kind == 0)
            {
                i++;
                continue;
            }

            var hash = (ulong)kind;
            for (; i < text.Length && KindOf(text[i]) == kind; i++) hash = (hash ^ Lower(text[i])) * WordBase;
            hash = CounterRandom.Mix(hash);
            Add(hash);
            if (Total > 1) Add(CounterRandom.Mix(before) + hash);
            before = hash;
        }

        _touched.Sort();
    }

    private void Add(ulong hash)
    {
        var bucket = (int)CounterRandom.Below(CounterRandom.Mix(hash), _counts.Length);
        if (_counts[bucket]++ == 0) _touched.Add(bucket);
        Total++;
    }

    private static char Lower(char c) => c < 128 ? (c is >= 'A' and <= 'Z' ? (char)(c | 0x20) : c) : char.ToLowerInvariant(c);

    private static int KindOf(char c)
    {
        if (c < 128) return c is (>= 'a' and <= 'z') or (>= 'A' and <= 'Z') or (>= '0' and <= '9') or '_' ? 1 : c is ' ' or (>= '\t' and <= '\r') or (>= '\u001C' and <= '\u001F') ? 0 : 2;
        return char.IsLetterOrDigit(c) || char.IsSurrogate(c) ? 1 : char.IsWhiteSpace(c) ? 0 : 2;
    }
}
