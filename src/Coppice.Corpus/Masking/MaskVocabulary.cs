using System.Globalization;
using Coppice.Foundation;
using Coppice.Tokenizers;

namespace Coppice.Corpus;

/// <summary>What hiding tokens has to know of a vocabulary: which token stands for a hidden one, which are no text, and where words begin.</summary>
public sealed class MaskVocabulary
{
    private const int WordPieceShare = 20;
    private const char WordStart = '▁';
    private const string WordPieceMark = "##";

    private static readonly string[] MaskNames = ["[MASK]", "<mask>"];

    private readonly bool[] _special;
    private readonly bool[] _joinsBefore;
    private readonly bool[] _joinsAfter;
    private readonly int[] _ordinary;

    private MaskVocabulary(int size, int? maskToken)
    {
        (_special, _joinsBefore, _joinsAfter) = (new bool[size], new bool[size], new bool[size]);
        (_ordinary, MaskToken) = ([.. Enumerable.Range(0, size)], maskToken);
    }

    private MaskVocabulary(Tokenizer tokenizer)
        : this(tokenizer.VocabularySize, MaskNames.Where(tokenizer.SpecialTokens.ContainsKey).Select(name => (int?)tokenizer.SpecialTokens[name]).FirstOrDefault())
    {
        (Sentinels, EndToken) = (Tokenizers.Sentinels.Of(tokenizer), tokenizer.EndOfText);
        foreach (var id in tokenizer.SpecialTokens.Values) _special[id] = true;
        string[] tokens = [.. _ordinary.Select(id => tokenizer.IdToToken(id) ?? "")];
        // A vocabulary of text that has headings in it knows ## as a token too, but not many that begin so.
        var isWordPiece = (long)tokens.Count(token => token.StartsWith(WordPieceMark, StringComparison.Ordinal)) * WordPieceShare > tokens.Length;
        for (var id = 0; id < tokens.Length; id++)
        {
            if (isWordPiece)
            {
                (_joinsBefore[id], _joinsAfter[id]) = (tokens[id].StartsWith(WordPieceMark, StringComparison.Ordinal), true);
                continue;
            }

            var text = tokenizer.Decode([id], skipSpecialTokens: false);
            // Decoding leaves out a space at the beginning of a text, where it is written as a letter of its own.
            _joinsBefore[id] = text.Length > 0 && !tokens[id].StartsWith(WordStart) && IsOfWord(text[0]);
            // A space that is a token of its own is the beginning of the word behind it.
            _joinsAfter[id] = text is " " || tokens[id] is [WordStart] || (text.Length > 0 && IsOfWord(text[^1]));
        }

        _ordinary = [.. _ordinary.Where(id => !_special[id] && tokens[id].Length > 0)];
    }

    /// <summary>The token that stands for a hidden one; null where the vocabulary has none.</summary>
    public int? MaskToken { get; }

    /// <summary>The tokens that stand for hidden spans, in their order; empty where the vocabulary has none.</summary>
    public IReadOnlyList<int> Sentinels { get; private init; } = [];

    /// <summary>The token that ends a text; null where the vocabulary has none.</summary>
    public int? EndToken { get; private init; }

    /// <summary>Reads the vocabulary of a tokenizer.</summary>
    /// <param name="tokenizer">The tokenizer.</param>
    /// <exception cref="CoppiceException">It has special tokens only.</exception>
    public static MaskVocabulary Of(Tokenizer tokenizer)
    {
        var vocabulary = new MaskVocabulary(tokenizer);
        return vocabulary._ordinary.Length > 0 ? vocabulary : throw new CoppiceException("the tokenizer has no tokens but special ones");
    }

    /// <summary>
    /// A vocabulary of which nothing but the size is known, for what depends on the shape of a step alone: every token is a word, the first stands for a hidden
    /// one and ends texts, and the last ones stand for hidden spans.
    /// </summary>
    /// <param name="size">Its size.</param>
    public static MaskVocabulary Plain(int size)
    {
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(size);
        return new MaskVocabulary(size, maskToken: 0) { Sentinels = [.. Enumerable.Range(0, Math.Min(size, Tokenizers.Sentinels.Usual)).Select(i => size - 1 - i)], EndToken = 0 };
    }

    /// <summary>Whether a token is none of the text: it is never hidden, and never put in another's place.</summary>
    /// <param name="token">The token.</param>
    public bool IsSpecial(int token) => _special[token];

    /// <summary>Whether a token goes on with the word of the one before it.</summary>
    /// <param name="before">The token before.</param>
    /// <param name="token">The token.</param>
    public bool ContinuesWord(int before, int token) => _joinsBefore[token] && _joinsAfter[before] && !_special[token] && !_special[before];

    /// <summary>A token of the text, drawn evenly, other than a given one where there is another.</summary>
    /// <param name="bits">Random bits.</param>
    /// <param name="not">The token that it must not be.</param>
    internal int Draw(ulong bits, int not)
    {
        var at = Array.BinarySearch(_ordinary, not);
        if (at < 0 || _ordinary.Length == 1) return _ordinary[CounterRandom.Below(bits, _ordinary.Length)];
        var drawn = CounterRandom.Below(bits, _ordinary.Length - 1);
        return _ordinary[drawn < at ? drawn : drawn + 1];
    }

    // A token may end inside a character: what is left of it decodes to U+FFFD, and is taken for a letter.
    private static bool IsOfWord(char character) => char.IsLetterOrDigit(character) || char.IsSurrogate(character) || character == '\uFFFD'
        || char.GetUnicodeCategory(character) is UnicodeCategory.NonSpacingMark or UnicodeCategory.SpacingCombiningMark or UnicodeCategory.EnclosingMark;
}
