namespace Coppice.Corpus.Deduplication;

/// <summary>
/// Which keys were added more than once, without the keys: each has a bit for having been there and one for having been there again, which it shares with few others. It may say so
/// of a key that was there once (about one in 16), and never fails to. 4 bytes a key.
/// </summary>
/// <param name="expected">About how many keys there will be.</param>
internal sealed class RepeatedKeys(int expected)
{
    private const int PlacesPerKey = 16, PlacesPerWord = 64;

    private readonly ulong[] _there = new ulong[1 + (expected / (PlacesPerWord / PlacesPerKey))];
    private readonly ulong[] _again = new ulong[1 + (expected / (PlacesPerWord / PlacesPerKey))];

    /// <summary>Adds a key.</summary>
    /// <param name="key">The key: a good hash.</param>
    public void Add(ulong key)
    {
        var (word, bit) = PlaceOf(key);
        _again[word] |= _there[word] & bit;
        _there[word] |= bit;
    }

    /// <summary>Whether a key was added more than once. To be asked after all were added.</summary>
    /// <param name="key">The key.</param>
    public bool IsRepeated(ulong key)
    {
        var (word, bit) = PlaceOf(key);
        return (_again[word] & bit) != 0;
    }

    private (int Word, ulong Bit) PlaceOf(ulong key) => ((int)CounterRandom.Below(key, _there.Length), 1UL << (int)(key >> 1 & (PlacesPerWord - 1)));
}
