namespace Coppice.Corpus.Building;

/// <summary>
/// The commonest of very many texts, in bounded memory: whenever there are twice as many as are wanted, the rarer half is forgotten. A count is a lower bound, and
/// at most <see cref="Forgotten"/> too low (the bound of Misra &amp; Gries, Finding repeated elements, 1982).
/// </summary>
public sealed class TopCounts
{
    private readonly Dictionary<string, long> _counts = new(StringComparer.Ordinal);
    private readonly Dictionary<string, long>.AlternateLookup<ReadOnlySpan<char>> _bySpan;
    private readonly int _capacity;

    /// <summary>Counts nothing yet.</summary>
    /// <param name="capacity">How many texts are remembered at least.</param>
    public TopCounts(int capacity)
    {
        _capacity = capacity;
        _bySpan = _counts.GetAlternateLookup<ReadOnlySpan<char>>();
    }

    /// <summary>By how much a count may be too low: the sum of the largest counts that were forgotten.</summary>
    public long Forgotten { get; private set; }

    /// <summary>Counts a text.</summary>
    /// <param name="text">The text.</param>
    /// <param name="count">How often it was there.</param>
    public void Add(ReadOnlySpan<char> text, long count = 1)
    {
        if (_bySpan.TryGetValue(text, out var before))
        {
            _bySpan[text] = before + count;
            return;
        }

        _bySpan[text] = count;
        if (_counts.Count < 2 * _capacity) return;
        var sorted = Sorted().ToList();
        Forgotten += sorted[_capacity].Count;
        _counts.Clear();
        foreach (var (kept, number) in sorted.Take(_capacity)) _counts[kept] = number;
    }

    /// <summary>The commonest texts, commonest first.</summary>
    /// <param name="count">How many at most.</param>
    public IReadOnlyList<ReasonCount> Top(int count) => [.. Sorted().Take(count)];

    private IEnumerable<ReasonCount> Sorted() =>
        _counts.OrderByDescending(entry => entry.Value).ThenBy(entry => entry.Key, StringComparer.Ordinal).Select(entry => new ReasonCount(entry.Key, entry.Value));
}
