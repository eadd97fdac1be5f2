using System.Text;
using Coppice.Tokenizers.Models;

namespace Coppice.Tokenizers;

/// <summary>
/// How well a tokenizer fits some texts. Only a measure of the tokenizer: models with different tokenizers are compared by bits per byte. Ratios are NaN where
/// nothing was counted.
/// </summary>
/// <param name="Bytes">UTF-8 bytes of the texts.</param>
/// <param name="Words">Runs of characters that are no white space.</param>
/// <param name="Tokens">Tokens of the texts, none added around them.</param>
/// <param name="ByteTokens">Tokens that stand for one byte: of a byte-level vocabulary its bytes, of others the bytes that characters fall back to.</param>
/// <param name="Unknown">Characters (of a byte-level vocabulary: bytes) that were left out or became the unknown token.</param>
public sealed record TokenizerFit(long Bytes, long Words, long Tokens, long ByteTokens, long Unknown)
{
    /// <summary>UTF-8 bytes a token.</summary>
    public double BytesPerToken => (double)Bytes / Tokens;

    /// <summary>Tokens a word: the fertility.</summary>
    public double Fertility => (double)Tokens / Words;

    /// <summary>The share of tokens that stand for one byte.</summary>
    public double ByteShare => (double)ByteTokens / Tokens;

    /// <summary>Measures a tokenizer.</summary>
    /// <param name="tokenizer">The tokenizer.</param>
    /// <param name="texts">The texts; read once and not kept.</param>
    /// <param name="cancellation">Ends it between two texts.</param>
    public static TokenizerFit Measure(Tokenizer tokenizer, IEnumerable<string> texts, CancellationToken cancellation = default)
    {
        var isByte = new bool[tokenizer.VocabularySize];
        for (var value = 0; value < 256; value++)
        {
            var token = tokenizer.Model is BpeModel { Options.ByteLevel: true } ? ByteAlphabet.ToChar((byte)value).ToString() : SymbolTable.ByteToken(value);
            if (tokenizer.TokenToId(token) is { } id) isByte[id] = true;
        }

        var (bytes, words, tokens, byteTokens, unknown) = (0L, 0L, 0L, 0L, 0L);
        var ids = new List<int>();
        foreach (var text in texts)
        {
            cancellation.ThrowIfCancellationRequested();
            ids.Clear();
            tokenizer.Encode(text, ids, out var unknownHere);
            bytes += Encoding.UTF8.GetByteCount(text);
            words += CountWords(text);
            tokens += ids.Count;
            byteTokens += ids.Count(id => isByte[id]);
            unknown += unknownHere;
        }

        return new TokenizerFit(bytes, words, tokens, byteTokens, unknown);
    }

    private static long CountWords(string text)
    {
        var words = 0L;
        for (var i = 0; i < text.Length; i++)
        {
            if (!char.IsWhiteSpace(text[i]) && (i == 0 || char.IsWhiteSpace(text[i - 1]))) words++;
        }

        return words;
    }
}
