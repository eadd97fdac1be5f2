using Coppice.Corpus.Scoring;
using Coppice.Foundation;

namespace Coppice.Corpus;

/// <summary>
/// An n-gram model over token ids with interpolated Kneser-Ney smoothing. The longest n-grams count by how often they occur, shorter ones by how many different
/// tokens stand before them; each count gives up a discount d, and what a context's tokens gave up is shared out by the next shorter context:
/// <code>
/// P_k(w | h) = (max(c(hw) - d_k, 0) + d_k · |{v : c(hv) > 0}| · P_(k-1)(w | h')) / Σ_v c(hv)
/// </code>
/// with h' the context without its first token, P_0 uniform over the vocabulary, and d_k = n1 / (n1 + 2·n2) of the n-grams that count once and twice. A context
/// that never occurred is passed over. In front of a document stand tokens that mean its beginning.
/// </summary>
/// <remarks>Memory is about 100 bytes for each different n-gram, of which there are at most order · tokens; half of it during training only. Reading is thread-safe.</remarks>
[Technique("kneser-ney", Title = "An Empirical Study of Smoothing Techniques for Language Modeling", Paper = "doi:10.1006/csla.1999.0128")]
public sealed class NgramModel
{
    /// <summary>The order where none is given: trigrams.</summary>
    public const int DefaultOrder = 3;

    /// <summary>The most tokens that are trained on where no other number is given.</summary>
    public const long DefaultMaximumTokens = 4_000_000;

    private const ulong OrderOfDocuments = 0x4E4752414D;
    private readonly int _vocabularySize;
    private readonly KneserNeyModel _model;

    private NgramModel(int vocabularySize, KneserNeyModel model) => (_vocabularySize, _model) = (vocabularySize, model);

    /// <summary>Counts the n-grams of a store's documents.</summary>
    /// <param name="store">The documents.</param>
    /// <param name="documents">Which of them; null for all. Of none, all tokens are equally probable.</param>
    /// <param name="order">Tokens of the longest n-gram, from 1 to 8.</param>
    /// <param name="maximumTokens">Bounds the memory: where there are more tokens, documents are taken in random order until there are as many.</param>
    /// <param name="cancellation">Stops between two documents.</param>
    public static NgramModel Train(
        TokenStore store, IReadOnlyList<int>? documents = null, int order = DefaultOrder, long maximumTokens = DefaultMaximumTokens, CancellationToken cancellation = default)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(maximumTokens, 1);
        var counts = new KneserNeyCounts(order);
        var count = documents?.Count ?? store.DocumentCount;
        var shuffle = new KeyedPermutation(Math.Max(1, count), OrderOfDocuments);
        for (var i = 0; i < count && maximumTokens > 0; i++)
        {
            cancellation.ThrowIfCancellationRequested();
            var place = (int)shuffle[i];
            var contexts = counts.BeginText();
            foreach (var token in store.ReadText(documents is null ? place : documents[place]))
            {
                if (maximumTokens == 0) break;
                counts.Add(contexts, (ulong)token);
                maximumTokens--;
            }
        }

        var uniform = -Math.Log2(store.VocabularySize);
        return new NgramModel(store.VocabularySize, counts.ToModel(_ => uniform));
    }

    /// <summary>The probability of a token; those of a vocabulary sum to 1 in every context.</summary>
    /// <param name="context">The tokens of the document before it: all of them, or at least as many as the order less one.</param>
    /// <param name="token">The token.</param>
    public double Probability(ReadOnlySpan<int> context, int token)
    {
        var reader = new KneserNeyReader(_model);
        foreach (var before in context[Math.Max(0, context.Length - _model.Order + 1)..]) reader.Next((ulong)before, out _);
        return Math.Pow(2, Log2Probability(ref reader, token));
    }

    /// <summary>How surprising a document's text is.</summary>
    /// <param name="store">Its store.</param>
    /// <param name="document">Its number.</param>
    /// <returns>Mean bits of a token; positive infinity for a document without text.</returns>
    public double BitsPerToken(TokenStore store, int document)
    {
        if (store.VocabularySize != _vocabularySize)
            throw new ArgumentException($"The store has a vocabulary of {store.VocabularySize}, the model of {_vocabularySize}.", nameof(store));
        var reader = new KneserNeyReader(_model);
        var (bits, count) = (0.0, 0L);
        foreach (var token in store.ReadText(document))
        {
            bits -= Log2Probability(ref reader, token);
            count++;
        }

        return count == 0 ? double.PositiveInfinity : bits / count;
    }

    private double Log2Probability(ref KneserNeyReader reader, int token)
    {
        var log2 = reader.Next((ulong)token, out var isKnown);
        return isKnown ? log2 : log2 - Math.Log2(_vocabularySize);
    }
}
