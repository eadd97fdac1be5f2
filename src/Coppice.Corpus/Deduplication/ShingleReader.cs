using System.Runtime.CompilerServices;

namespace Coppice.Corpus.Deduplication;

/// <summary>What a shingle is made of.</summary>
public enum ShingleUnit
{
    /// <summary>Words; in scripts without spaces between words, characters.</summary>
    Words,

    /// <summary>Characters (UTF-16 units after normalisation), as NeMo Curator has it.</summary>
    Characters,
}

/// <summary>How a text becomes a set of shingles.</summary>
/// <param name="Unit">What a shingle is made of.</param>
/// <param name="Size">How many of them, from 1 to <see cref="MaximumSize"/>.</param>
/// <param name="WholeIfShorter">
/// What a text with fewer units than a shingle is: true for one shingle of all it has, so that short texts which are equal are found; false for a text without shingles,
/// which is never a duplicate.
/// </param>
public readonly record struct Shingling(ShingleUnit Unit, int Size, bool WholeIfShorter = true)
{
    /// <summary>The largest size.</summary>
    public const int MaximumSize = 64;

    /// <summary>The Jaccard similarity |A ∩ B| / |A ∪ B| of the sets of shingles of two texts; 0 where neither has any.</summary>
    /// <param name="first">A text.</param>
    /// <param name="second">Another.</param>
    public double Jaccard(string first, string second) => Jaccard(SetOf(first), SetOf(second));

    /// <summary>The set of shingles of a text, as hashes in ascending order.</summary>
    /// <param name="text">The text.</param>
    internal ulong[] SetOf(string text)
    {
        var shingles = new List<ulong>(text.Length / 6);
        var reader = new ShingleReader(text, this);
        while (reader.Next(out var shingle)) shingles.Add(shingle);
        shingles.Sort();
        var distinct = 0;
        for (var i = 0; i < shingles.Count; i++)
        {
            if (i == 0 || shingles[i] != shingles[i - 1]) shingles[distinct++] = shingles[i];
        }

        return shingles[..distinct].ToArray();
    }

    /// <summary>The Jaccard similarity of two sets.</summary>
    /// <param name="first">A set in ascending order.</param>
    /// <param name="second">Another.</param>
    internal static double Jaccard(ReadOnlySpan<ulong> first, ReadOnlySpan<ulong> second)
    {
        var (i, j, common) = (0, 0, 0L);
        while (i < first.Length && j < second.Length)
        {
            var (a, b) = (first[i], second[j]);
            if (a == b) common++;
            if (a <= b) i++;
            if (b <= a) j++;
        }

        var union = first.Length + second.Length - common;
        return union == 0 ? 0 : (double)common / union;
    }
}

/// <summary>Reads the shingles of a text as 64-bit hashes, by a rolling polynomial over the hashes of its words.</summary>
internal ref struct ShingleReader
{
    private const ulong Factor = 0xD6E8FEB86659FD93;

    private readonly int _size;
    private readonly bool _wholeIfShorter;
    private readonly ulong _leaving;
    private FoldedWordReader _words;
    private Window _window;
    private ulong _hash;
    private long _count;
    private bool _ended;

    /// <summary>Starts reading.</summary>
    /// <param name="text">The text.</param>
    /// <param name="shingling">What a shingle is.</param>
    public ShingleReader(ReadOnlySpan<char> text, Shingling shingling)
    {
        _words = new FoldedWordReader(text, shingling.Unit == ShingleUnit.Characters);
        _size = shingling.Size;
        _wholeIfShorter = shingling.WholeIfShorter;
        _leaving = 1;
        for (var i = 0; i < _size; i++) _leaving *= Factor;
    }

    /// <summary>Reads the next shingle; the same one may come again.</summary>
    /// <param name="shingle">Its hash.</param>
    /// <returns>False at the end.</returns>
    public bool Next(out ulong shingle)
    {
        while (_words.Next(out var word))
        {
            var place = (int)(_count % _size);
            _hash = (_hash * Factor) + word;
            if (_count >= _size) _hash -= _window[place] * _leaving;
            _window[place] = word;
            if (++_count < _size) continue;
            shingle = CounterRandom.Mix(_hash);
            return true;
        }

        var isShort = _count > 0 && _count < _size && _wholeIfShorter && !_ended;
        _ended = true;
        shingle = CounterRandom.Mix(_hash);
        return isShort;
    }

    [InlineArray(Shingling.MaximumSize)]
    private struct Window
    {
        private ulong _first;
    }
}
