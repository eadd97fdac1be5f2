namespace Coppice.Corpus.Language;

/// <summary>
/// The languages of a document, which may be long and may mix several: up to 32 pieces of a few hundred characters, spread over it and cut at line or word
/// ends, are judged each by itself.
/// </summary>
/// <param name="Language">The code of the language with the largest share, or <see cref="LanguageIdentifier.Undetermined"/>.</param>
/// <param name="Score">Its share.</param>
/// <param name="Shares">The languages that have a share of 1 % or more, the largest first: probabilities of the pieces, weighted by their letters.</param>
public sealed record DocumentLanguage(string Language, double Score, IReadOnlyList<LanguageGuess> Shares)
{
    private const int MostPieces = 32;
    private const int LongestPiece = 384;
    private const int ShortestPiece = 128;
    private const double LeastShare = 0.01;

    /// <summary>Tells the languages of a document.</summary>
    /// <param name="text">Its text; at most 32 · 384 UTF-16 units of it are looked at.</param>
    /// <param name="identifier">The model.</param>
    public static DocumentLanguage Of(ReadOnlySpan<char> text, LanguageIdentifier identifier)
    {
        var probabilities = new double[identifier.Languages.Count];
        var shares = new double[probabilities.Length];
        var letters = 0L;
        // A document that pieces cover wholly is cut without gaps.
        var stride = text.Length <= MostPieces * ShortestPiece ? 0 : text.Length / MostPieces;
        var end = 0;
        for (var piece = 0; piece < MostPieces && end < text.Length; piece++)
        {
            // Within its part a piece lies anywhere, else text that repeats itself could be met at the same place each time.
            var jitter = CounterRandom.Below(CounterRandom.Bits(0, 0, (ulong)piece), Math.Max(1, stride - LongestPiece));
            var start = Math.Max(end, piece * stride + (int)jitter);
            end = start + PieceLength(text[start..]);
            var weight = identifier.Probabilities(text[start..end], probabilities);
            letters += weight;
            for (var i = 0; i < shares.Length; i++) shares[i] += weight * probabilities[i];
        }

        if (letters == 0) return new(LanguageIdentifier.Undetermined, 0, []);
        LanguageGuess[] largest =
        [
            .. shares.Select((share, i) => new LanguageGuess(identifier.Languages[i], share / letters)).Where(guess => guess.Score >= LeastShare)
                .OrderByDescending(guess => guess.Score).ThenBy(guess => guess.Language, StringComparer.Ordinal),
        ];
        return new(largest[0].Language, largest[0].Score, largest);
    }

    // Whole lines where they end early enough, else whole words, else a cut through.
    private static int PieceLength(ReadOnlySpan<char> text)
    {
        if (text.Length <= LongestPiece) return text.Length;
        var lineEnd = text[ShortestPiece..LongestPiece].IndexOf('\n');
        if (lineEnd >= 0) return ShortestPiece + lineEnd + 1;
        var wordEnd = text[ShortestPiece..LongestPiece].LastIndexOf(' ');
        return wordEnd >= 0 ? ShortestPiece + wordEnd + 1 : LongestPiece;
    }
}
