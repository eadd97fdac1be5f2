namespace Coppice.Corpus.Deduplication;

/// <summary>Hashes of the words of texts, which are equal where texts differ in case, punctuation, white space, digits or accents alone.</summary>
internal static class WordsHash
{
    private const ulong First = 0xA0761D6478BD642F;
    private const ulong Second = 0xE7037ED1A0B428DB;

    /// <summary>The hash of a text's words, so that texts which differ in case, punctuation, white space, digits or accents have the same.</summary>
    /// <param name="text">The text.</param>
    public static ulong Of(ReadOnlySpan<char> text)
    {
        var reader = new FoldedWordReader(text);
        var hash = Second;
        while (reader.Next(out var word)) hash = TextHash.Fold(hash ^ word, First);
        return hash;
    }

    /// <summary>As <see cref="Of"/>, with 128 bits.</summary>
    /// <param name="text">The text.</param>
    public static UInt128 Of128(ReadOnlySpan<char> text)
    {
        var reader = new FoldedWordReader(text);
        var (high, low) = (First, Second);
        while (reader.Next(out var word))
        {
            high = TextHash.Fold(high ^ word, First);
            low = TextHash.Fold(low + word, Second);
        }

        return new UInt128(high, low);
    }
}
