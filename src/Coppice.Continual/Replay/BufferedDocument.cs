using Coppice.Corpus;
using Coppice.Foundation;
using Coppice.Tokenizers;

namespace Coppice.Continual.Replay;

/// <summary>A text that may be replayed later.</summary>
/// <param name="Source">The source it belongs to.</param>
/// <param name="Text">The text.</param>
public sealed record BufferedDocument(string Source, string Text)
{
    /// <summary>The most UTF-16 units of a piece where no other number is given: many times what a model of any size here sees at once.</summary>
    public const int DefaultPieceLength = 16_384;

    /// <summary>
    /// The documents of a token store as text. A long document is cut into pieces, for a source may be one document, which would be kept whole or not at all.
    /// </summary>
    /// <param name="store">The store.</param>
    /// <param name="tokenizer">The tokenizer that made it.</param>
    /// <param name="source">The source that all of them belong to.</param>
    /// <param name="pieceLength">The most UTF-16 units of a piece, at least 2. A piece ends with a line or a word if it can.</param>
    /// <exception cref="CoppiceException">The store was made with another tokenizer.</exception>
    public static IEnumerable<BufferedDocument> FromStore(TokenStore store, ITokenizer tokenizer, string source, int pieceLength = DefaultPieceLength)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(pieceLength, 2);
        if (store.TokenizerFingerprint != tokenizer.Fingerprint)
            throw new CoppiceException($"The tokens of '{source}' were made with another tokenizer than the model's, so they can't be turned into text: encode its files again.");
        return Enumerable.Range(0, store.DocumentCount)
            .SelectMany(document => Pieces(tokenizer.Decode([.. store.ReadText(document)], skipSpecialTokens: false), pieceLength))
            .Select(text => new BufferedDocument(source, text));
    }

    private static IEnumerable<string> Pieces(string text, int pieceLength)
    {
        var start = 0;
        while (text.Length - start > pieceLength)
        {
            var length = PieceLength(text.AsSpan(start, pieceLength));
            yield return text.Substring(start, length);
            start += length;
        }

        if (start < text.Length) yield return text[start..];
    }

    // Up to the last end of a line, or of a word, in the second half; never through a character.
    private static int PieceLength(ReadOnlySpan<char> longest)
    {
        var half = longest.Length / 2;
        var end = longest.LastIndexOf('\n');
        if (end < half) end = longest.LastIndexOf(' ');
        if (end >= half) return end + 1;
        return char.IsHighSurrogate(longest[^1]) ? longest.Length - 1 : longest.Length;
    }
}
