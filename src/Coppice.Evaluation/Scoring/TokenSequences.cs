using System.Text;
using Coppice.Corpus;
using Coppice.Foundation;
using Coppice.Tokenizers;

namespace Coppice.Evaluation;

/// <summary>A text as the tokens that a model is scored on.</summary>
/// <param name="Source">Where the text comes from.</param>
/// <param name="Tokens">The begin-of-text token where the tokenizer has one, then the text's; no end-of-text token. The first is given, the others are predicted.</param>
/// <param name="Bytes">UTF-8 bytes of the text.</param>
public sealed record TokenSequence(string Source, ReadOnlyMemory<int> Tokens, long Bytes)
{
    /// <summary>How many tokens are predicted.</summary>
    public int Predicted => Math.Max(0, Tokens.Length - 1);
}

/// <summary>Texts as token sequences, made one by one. What is scored again and again (during an update) is put into a list once.</summary>
public static class TokenSequences
{
    /// <summary>The sequences of documents.</summary>
    /// <param name="documents">The documents.</param>
    /// <param name="tokenizer">Encodes.</param>
    public static IEnumerable<TokenSequence> Of(IEnumerable<Document> documents, ITokenizer tokenizer)
    {
        var encoder = new SequenceEncoder(tokenizer);
        foreach (var document in documents)
        {
            yield return new TokenSequence(document.Source, encoder.Encode(document.Text).ToArray(), Encoding.UTF8.GetByteCount(document.Text));
        }
    }

    /// <summary>
    /// The sequences of a store's documents, or of some of them: with a limit, documents are taken evenly over each source until it is reached,
    /// and the last one is cut. The same ones every time.
    /// </summary>
    /// <param name="store">The store; it must outlive the enumeration.</param>
    /// <param name="tokenizer">The tokenizer that made it. A text's bytes are counted by decoding it, so what the tokenizer left out is not counted.</param>
    /// <param name="tokensPerSource">The most tokens of each source, special ones included.</param>
    /// <exception cref="CoppiceException">The store was made with another tokenizer, or its file was changed since it was opened.</exception>
    public static IEnumerable<TokenSequence> Of(TokenStore store, ITokenizer tokenizer, long tokensPerSource = long.MaxValue)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(tokensPerSource, 1);
        if (store.TokenizerFingerprint != tokenizer.Fingerprint)
            throw new CoppiceException("The token store was made with another tokenizer: build it again with the model's.");
        return Read(store, tokenizer, tokensPerSource);
    }

    private static IEnumerable<TokenSequence> Read(TokenStore store, ITokenizer tokenizer, long limit)
    {
        var passed = new long[store.Sources.Count];
        var taken = new long[store.Sources.Count];
        for (var document = 0; document < store.DocumentCount; document++)
        {
            var (source, start) = (store.DocumentSource(document), store.DocumentStart(document));
            var length = store.DocumentStart(document + 1) - start;
            var before = passed[source];
            passed[source] += length;
            // A document is taken where the taken share of the limit lags behind the passed share of the source.
            if (taken[source] >= limit || (Int128)taken[source] * store.Sources[source].Tokens > (Int128)before * limit) continue;
            var tokens = new int[Math.Min(length, limit - taken[source])];
            taken[source] += tokens.Length;
            store.Read(start, tokens);
            // The end-of-text token is not text. In a text it can't be last: special tokens written there are encoded as text.
            var text = tokens.Length > 0 && tokens[^1] == store.EndOfText ? tokens.AsMemory(0, tokens.Length - 1) : tokens;
            yield return new TokenSequence(store.Sources[source].Name, text, Encoding.UTF8.GetByteCount(tokenizer.Decode(text.Span)));
        }
    }
}
