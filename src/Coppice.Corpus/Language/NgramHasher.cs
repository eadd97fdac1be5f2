namespace Coppice.Corpus.Language;

/// <summary>
/// The features of folded text as 32-bit hashes: 2-, 3- and 4-grams of symbols, across words as well; whole words of three letters and more; and single ideographs,
/// which are words themselves. Goes on over several slices of one text.
/// </summary>
internal struct NgramHasher
{
    /// <summary>The most features that one symbol ends.</summary>
    public const int PerSymbol = 4;

    // Multiply-shift hashing (Dietzfelbinger et al. 1997): the upper half of the product with an odd number, one for each kind of feature.
    private const ulong OfTwo = 0x9E3779B97F4A7C15;
    private const ulong OfThree = 0xD6E8FEB86659FD93;
    private const ulong OfFour = 0xA0761D6478BD642F;
    private const ulong OfOne = 0xE7037ED1A0B428DB;
    private const ulong OfWord = 0xC2B2AE3D27D4EB4F;
    private const int ShortestWord = 3;
    private const char FirstIdeograph = '\u2E80';
    private const char FirstHangulSyllable = '\uAC00';

    private ulong _lastFour;
    private ulong _word;
    private int _wordLength;

    /// <summary>Hashes the features that end in a slice of the text.</summary>
    /// <param name="symbols">The slice.</param>
    /// <param name="hashes">Takes the hashes: <see cref="PerSymbol"/> for each symbol.</param>
    /// <returns>How many hashes there are.</returns>
    public int Hash(ReadOnlySpan<char> symbols, Span<uint> hashes)
    {
        var count = 0;
        foreach (var symbol in symbols)
        {
            var two = (_lastFour << 16 | symbol) & 0xFFFF_FFFF;
            var three = (_lastFour << 16 | symbol) & 0xFFFF_FFFF_FFFF;
            _lastFour = _lastFour << 16 | symbol;
            // Nothing stands before the space at the beginning.
            if (two > 0xFFFF) hashes[count++] = (uint)(two * OfTwo >> 32);
            if (three > 0xFFFF_FFFF) hashes[count++] = (uint)(three * OfThree >> 32);
            if (_lastFour > 0xFFFF_FFFF_FFFF) hashes[count++] = (uint)(_lastFour * OfFour >> 32);
            if (symbol is >= FirstIdeograph and < FirstHangulSyllable) hashes[count++] = (uint)(symbol * OfOne >> 32);
            if (symbol != Letters.Space)
            {
                _word = (_word + symbol) * OfWord;
                _wordLength++;
                continue;
            }

            if (_wordLength >= ShortestWord) hashes[count++] = (uint)(_word >> 32);
            (_word, _wordLength) = (0, 0);
        }

        return count;
    }
}
