using System.Numerics;
using Coppice.Foundation;

namespace Coppice.Corpus.Decontamination;

/// <summary>Where a text repeats an evaluation passage.</summary>
/// <param name="Start">The UTF-16 index at which it begins.</param>
/// <param name="End">The index behind it.</param>
/// <param name="Words">How many words it has.</param>
/// <param name="Set">The evaluation set's file name.</param>
/// <param name="Line">The item's line in it, from 1.</param>
public readonly record struct EvaluationHit(int Start, int End, int Words, string Set, int Line);

/// <summary>
/// The n-grams of evaluation passages as hashes. Words are compared without case, accents and punctuation. A passage of at least n words is found by any n of its words in a row; a
/// shorter one by all of its words in a row. Two texts that share a 64-bit hash by accident are about 10⁻⁵ of a hit in a billion words against a million n-grams.
/// </summary>
public sealed class EvaluationIndex
{
    private readonly Dictionary<ulong, int> _items = [];
    private readonly List<(string Set, int Line)> _names = [];
    private readonly int[] _lengths;
    private readonly ulong[] _filter;
    private readonly int _shift;

    /// <summary>Indexes passages.</summary>
    /// <param name="passages">The passages.</param>
    /// <param name="words">n: words of an n-gram, at least 2.</param>
    /// <param name="minimumWords">Shorter passages are left out: two or three words in a row are found everywhere.</param>
    /// <exception cref="CoppiceException">No passage is long enough.</exception>
    public EvaluationIndex(IEnumerable<EvaluationPassage> passages, int words, int minimumWords)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(words, 2);
        Words = words;
        var lengths = new SortedSet<int>();
        var state = new NgramWindows.State(words);
        foreach (var passage in passages) Add(passage, minimumWords, lengths, state);
        if (_items.Count == 0) throw CoppiceException.Usage(FormattableString.Invariant($"none of the {TooShort} evaluation passages has {minimumWords} words: lower min_words, or name other files"));
        _lengths = [.. lengths];

        // 32 bits an n-gram: one window in 32 is looked up, the others take a single read from a table that fits in a cache.
        var bits = (int)Math.Min(1 << 30, BitOperations.RoundUpToPowerOf2((ulong)Math.Max(1 << 12, 32L * _items.Count)));
        _filter = new ulong[bits / 64];
        _shift = 64 - BitOperations.Log2((uint)bits);
        foreach (var hash in _items.Keys)
        {
            var bit = hash >> _shift;
            _filter[bit >> 6] |= 1UL << (int)(bit & 63);
        }
    }

    /// <summary>Words of an n-gram.</summary>
    public int Words { get; }

    /// <summary>How many different n-grams there are.</summary>
    public int Count => _items.Count;

    /// <summary>Passages that were left out because they are too short.</summary>
    public int TooShort { get; private set; }

    /// <summary>Finds what a text repeats. Overlapping n-grams are one hit, named after the item that the first of them is of.</summary>
    /// <param name="text">The text.</param>
    /// <param name="hits">Takes the hits, in order.</param>
    /// <param name="state">Buffers for <see cref="Words"/> words; used by one text at a time.</param>
    internal void Find(string text, List<EvaluationHit> hits, NgramWindows.State state)
    {
        var windows = new NgramWindows(text, state);
        var firstWord = 0;
        while (windows.Next())
        {
            foreach (var length in _lengths)
            {
                if (length > windows.Count) break;
                var hash = windows.Hash(length);
                var bit = hash >> _shift;
                if ((_filter[bit >> 6] >> (int)(bit & 63) & 1) == 0 || !_items.TryGetValue(hash, out var item)) continue;
                var start = windows.Start(length);
                var first = windows.Count - length;
                if (hits.Count > 0 && start < hits[^1].End)
                {
                    firstWord = Math.Min(firstWord, first);
                    hits[^1] = hits[^1] with { Start = Math.Min(start, hits[^1].Start), End = windows.End, Words = windows.Count - firstWord };
                    continue;
                }

                firstWord = first;
                hits.Add(new EvaluationHit(start, windows.End, length, _names[item].Set, _names[item].Line));
            }
        }
    }

    private void Add(EvaluationPassage passage, int minimumWords, SortedSet<int> lengths, NgramWindows.State state)
    {
        var name = _names.Count;
        var windows = new NgramWindows(passage.Text, state);
        while (windows.Next())
        {
            if (windows.Count >= Words) _items.TryAdd(windows.Hash(Words), name);
        }

        if (windows.Count < minimumWords)
        {
            TooShort++;
            return;
        }

        var length = Math.Min(windows.Count, Words);
        if (length < Words) _items.TryAdd(windows.Hash(length), name);
        lengths.Add(length);
        _names.Add((passage.Set, passage.Line));
    }
}
