namespace Coppice.Corpus.Deduplication;

/// <summary>
/// Which keys were added more than once, without the keys: each has a bit for having been there and one for having been there again, which it shares with few others. It may say so
/// of a key that was there once (about one in 16 where memory allows for the room it wants), and never fails to. What it says does not depend on the order, and several threads may
/// add at once.
/// </summary>
internal sealed class RepeatedKeys
{
    private const int PlacesPerKey = 16, PlacesPerWord = 64;

    private readonly ulong[] _there;
    private readonly ulong[] _again;

    /// <summary>Makes room.</summary>
    /// <param name="expected">About how many keys there will be.</param>
    /// <param name="memory">Bytes that it may take.</param>
    public RepeatedKeys(long expected, long memory)
    {
        var words = Math.Clamp(Math.Min(expected * PlacesPerKey / PlacesPerWord, memory / (2 * sizeof(ulong))), 1024, Array.MaxLength);
        _there = new ulong[words];
        _again = new ulong[words];
    }

    /// <summary>Adds a key.</summary>
    /// <param name="key">The key: a good hash.</param>
    public void Add(ulong key)
    {
        var (word, bit) = PlaceOf(key);
        if ((Interlocked.Or(ref _there[word], bit) & bit) != 0) Interlocked.Or(ref _again[word], bit);
    }

    /// <summary>Whether a key was added more than once. To be asked after all were added.</summary>
    /// <param name="key">The key.</param>
    public bool IsRepeated(ulong key)
    {
        var (word, bit) = PlaceOf(key);
        return (_again[word] & bit) != 0;
    }

    private (long Word, ulong Bit) PlaceOf(ulong key)
    {
        var place = CounterRandom.Below(key, _there.LongLength * PlacesPerWord);
        return (place / PlacesPerWord, 1UL << (int)(place % PlacesPerWord));
    }
}
