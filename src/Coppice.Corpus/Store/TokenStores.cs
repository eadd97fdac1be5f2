using System.Globalization;
using System.Text;
using Coppice.Foundation;
using Coppice.Tokenizers;

namespace Coppice.Corpus;

/// <summary>What is done to whole token stores.</summary>
public static class TokenStores
{
    /// <summary>
    /// Writes a store's documents as the tokens of another tokenizer: decoded to text and encoded again. Order, sources and bytes of text stay; names of
    /// documents are not in a store.
    /// </summary>
    /// <param name="old">The store.</param>
    /// <param name="oldTokenizer">The tokenizer that made it.</param>
    /// <param name="newTokenizer">The tokenizer of the new store; called by several threads.</param>
    /// <param name="path">The file to create or replace.</param>
    /// <param name="threads">How many threads encode, at least 1. The file's bytes don't depend on it.</param>
    /// <param name="cancellation">Stops between two chunks; no file is left.</param>
    /// <returns>The new store, opened.</returns>
    /// <exception cref="CoppiceException">The store was made with another tokenizer, its tokens don't give its text back, or the file can't be written.</exception>
    public static TokenStore Reencode(
        TokenStore old, ITokenizer oldTokenizer, ITokenizer newTokenizer, string path, int threads = 1, CancellationToken cancellation = default)
    {
        if (old.TokenizerFingerprint != oldTokenizer.Fingerprint)
        {
            throw new CoppiceException($"{path}: the tokens to encode again were made with another tokenizer than the one that is to decode them");
        }

        return TokenStoreWriter.Build(Documents(old, oldTokenizer, path), newTokenizer, path, threads, cancellation);
    }

    // Ends with an error where bytes were lost, so that the file isn't written.
    private static IEnumerable<Document> Documents(TokenStore store, ITokenizer tokenizer, string path)
    {
        var bytes = new long[store.Sources.Count];
        for (var i = 0; i < store.DocumentCount; i++)
        {
            var text = tokenizer.Decode([.. store.ReadText(i)], skipSpecialTokens: false);
            var source = store.DocumentSource(i);
            bytes[source] += Encoding.UTF8.GetByteCount(text);
            yield return new Document(i.ToString(CultureInfo.InvariantCulture), text, store.Sources[source].Name);
        }

        for (var i = 0; i < bytes.Length; i++)
        {
            var source = store.Sources[i];
            if (bytes[i] == source.Bytes) continue;
            throw new CoppiceException(FormattableString.Invariant(
                $"{path}: the tokens of '{source.Name}' give {bytes[i]} bytes of text where there were {source.Bytes}: their tokenizer can't express the text. Encode its files instead."));
        }
    }
}
