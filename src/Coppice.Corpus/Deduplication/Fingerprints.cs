namespace Coppice.Corpus.Deduplication;

/// <summary>
/// Winnowing: picks few hashes of a text so that any two equal passages of a given length have at least one in common, at the same place of both. Of the hashes of all
/// substrings of half the length, in every window the smallest is picked, the last of equals.
/// </summary>
/// <remarks>Schleimer, Wilkerson and Aiken, "Winnowing: Local Algorithms for Document Fingerprinting" (2003, doi:10.1145/872757.872770).</remarks>
internal readonly struct Fingerprints
{
    private const ulong Factor = 0xD6E8FEB86659FD93;

    private const int Block = 4096;

    private readonly int _gram;
    private readonly int _window;
    private readonly ulong _leaving;
    private readonly ulong[] _hashes;

    /// <summary>Prepares.</summary>
    /// <param name="length">The length of passages, in UTF-16 units.</param>
    public Fingerprints(int length)
    {
        _gram = (length + 1) / 2;
        _window = length - _gram + 1;
        _hashes = new ulong[_window + Block];
        _leaving = 1;
        for (var i = 0; i < _gram; i++) _leaving *= Factor;
    }

    /// <summary>How far before and after a picked position the passages reach that it was picked for.</summary>
    public (int Before, int After) Reach => (_window - 1, _gram + _window - 1);

    /// <summary>Picks.</summary>
    /// <param name="text">The text.</param>
    /// <param name="pick">Is given each position that is picked, in ascending order, and its hash.</param>
    public void Pick(ReadOnlySpan<char> text, Action<int, ulong> pick)
    {
        if (text.Length < _gram + _window - 1) return;
        var rolling = 0UL;
        foreach (var unit in text[..(_gram - 1)]) rolling = (rolling * Factor) + unit;
        var hashes = _hashes;
        var (smallestAt, pickedAt) = (-1, -1);

        // The hashes from position `from` on; a block is moved to the front when the next one is needed.
        var (from, count) = (0, 0);
        for (var at = 0; at + _gram <= text.Length; at++)
        {
            if (count == hashes.Length)
            {
                hashes.AsSpan(Block).CopyTo(hashes);
                from += Block;
                count -= Block;
            }

            rolling = (rolling * Factor) + text[at + _gram - 1];
            if (at > 0) rolling -= text[at - 1] * _leaving;
            var hash = CounterRandom.Mix(rolling);
            hashes[count++] = hash;
            if (at < _window - 1) continue;
            if (smallestAt <= at - _window) smallestAt = at - _window + 1 + LastSmallest(hashes.AsSpan(count - _window, _window));
            else if (hash <= hashes[smallestAt - from]) smallestAt = at;
            if (smallestAt == pickedAt) continue;
            pickedAt = smallestAt;
            pick(smallestAt, hashes[smallestAt - from]);
        }
    }

    private static int LastSmallest(ReadOnlySpan<ulong> hashes)
    {
        var smallest = 0;
        for (var i = 1; i < hashes.Length; i++)
        {
            if (hashes[i] <= hashes[smallest]) smallest = i;
        }

        return smallest;
    }
}

/// <summary>
/// Which fingerprints were met more than once, without their values: each has two counters of two bits, shared with others, as in a Bloom filter. It may say so of one that
/// was met once (about one in 280 where memory allows for the room it wants), and never fails to.
/// </summary>
internal sealed class RepeatedFingerprints
{
    private const int CountersPerWord = 32;
    private const int CountersPerFingerprint = 32;
    private const ulong Second = 0x9E3779B97F4A7C15;

    private readonly ulong[] _words;

    /// <summary>Allocates the counters.</summary>
    /// <param name="expected">About how many fingerprints there will be.</param>
    /// <param name="memory">Bytes that they may take.</param>
    public RepeatedFingerprints(long expected, long memory) =>
        _words = new ulong[Math.Clamp(Math.Min(expected * CountersPerFingerprint / CountersPerWord, memory / sizeof(ulong)), 1024, Array.MaxLength)];

    /// <summary>Counts a fingerprint.</summary>
    /// <param name="hash">Its hash.</param>
    public void Add(ulong hash)
    {
        var (first, second) = (CounterOf(hash), CounterOf(hash + Second));
        Increment(first);
        if (second != first) Increment(second);
    }

    /// <summary>Whether a fingerprint was counted more than once.</summary>
    /// <param name="hash">Its hash.</param>
    public bool IsRepeated(ulong hash) => IsAboveOne(CounterOf(hash)) && IsAboveOne(CounterOf(hash + Second));

    private long CounterOf(ulong hash) => CounterRandom.Below(CounterRandom.Mix(hash), _words.LongLength * CountersPerWord);

    private void Increment(long counter)
    {
        if (!IsAboveOne(counter)) _words[counter / CountersPerWord] += 1UL << (int)(counter % CountersPerWord * 2);
    }

    private bool IsAboveOne(long counter) => (_words[counter / CountersPerWord] >> (int)(counter % CountersPerWord * 2) & 2) != 0;
}
