using System.Runtime.InteropServices;
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
/// <remarks>
/// N-grams are known by 64-bit hashes: two share one with a probability of about 2⁻⁶⁴ a pair. Memory is about 80 bytes for each different n-gram, of which there
/// are at most order · tokens. Reading is thread-safe.
/// </remarks>
[Technique("kneser-ney", Title = "An Empirical Study of Smoothing Techniques for Language Modeling", Paper = "doi:10.1006/csla.1999.0128")]
public sealed class NgramModel
{
    /// <summary>The order where none is given: trigrams.</summary>
    public const int DefaultOrder = 3;

    /// <summary>The most tokens that are trained on where no other number is given.</summary>
    public const long DefaultMaximumTokens = 4_000_000;

    private const int LongestOrder = 8;
    private const int Beginning = -1;
    private const ulong OrderOfDocuments = 0x4E4752414D;
    private readonly int _vocabularySize;

    // By the length of the context.
    private readonly Level[] _levels;

    private NgramModel(int vocabularySize, int order) => (_vocabularySize, _levels) = (vocabularySize, [.. Enumerable.Range(0, order).Select(_ => new Level())]);

    /// <summary>Counts the n-grams of a store's documents.</summary>
    /// <param name="store">The documents.</param>
    /// <param name="documents">Which of them; null for all. Of none, all tokens are equally probable.</param>
    /// <param name="order">Tokens of the longest n-gram, from 1 to 8.</param>
    /// <param name="maximumTokens">Bounds the memory: where there are more tokens, documents are taken in random order until there are as many.</param>
    /// <param name="cancellation">Stops between two documents.</param>
    public static NgramModel Train(
        TokenStore store, IReadOnlyList<int>? documents = null, int order = DefaultOrder, long maximumTokens = DefaultMaximumTokens, CancellationToken cancellation = default)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(order, 1);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(order, LongestOrder);
        ArgumentOutOfRangeException.ThrowIfLessThan(maximumTokens, 1);
        var model = new NgramModel(store.VocabularySize, order);
        var count = documents?.Count ?? store.DocumentCount;
        var shuffle = new KeyedPermutation(Math.Max(1, count), OrderOfDocuments);
        for (var i = 0; i < count && maximumTokens > 0; i++)
        {
            cancellation.ThrowIfCancellationRequested();
            var place = (int)shuffle[i];
            maximumTokens -= model.Add(store, documents is null ? place : documents[place], maximumTokens);
        }

        foreach (var level in model._levels) level.SetDiscount();
        return model;
    }

    /// <summary>The probability of a token; those of a vocabulary sum to 1 in every context.</summary>
    /// <param name="context">The tokens of the document before it: all of them, or at least as many as the order less one.</param>
    /// <param name="token">The token.</param>
    public double Probability(ReadOnlySpan<int> context, int token)
    {
        Span<int> history = stackalloc int[LongestOrder];
        history = history[..(_levels.Length - 1)];
        history.Fill(Beginning);
        var known = context[Math.Max(0, context.Length - history.Length)..];
        known.CopyTo(history[(history.Length - known.Length)..]);
        return ProbabilityAfter(history, token);
    }

    /// <summary>How surprising a document's text is.</summary>
    /// <param name="store">Its store.</param>
    /// <param name="document">Its number.</param>
    /// <returns>Mean bits of a token; positive infinity for a document without text.</returns>
    public double BitsPerToken(TokenStore store, int document)
    {
        if (store.VocabularySize != _vocabularySize)
            throw new ArgumentException($"The store has a vocabulary of {store.VocabularySize}, the model of {_vocabularySize}.", nameof(store));
        var history = NewHistory();
        var (bits, count) = (0.0, 0L);
        foreach (var token in store.ReadText(document))
        {
            bits -= Math.Log2(ProbabilityAfter(history, token));
            count++;
            Shift(history, token);
        }

        return count == 0 ? double.PositiveInfinity : bits / count;
    }

    private long Add(TokenStore store, int document, long maximumTokens)
    {
        var history = NewHistory();
        var count = 0L;
        foreach (var token in store.ReadText(document))
        {
            if (count == maximumTokens) break;
            Add(history, token);
            count++;
            Shift(history, token);
        }

        return count;
    }

    // A shorter n-gram counts the different tokens before it: only an n-gram that is new adds one.
    private void Add(ReadOnlySpan<int> history, int token)
    {
        Span<ulong> contexts = stackalloc ulong[LongestOrder];
        HashContexts(history, contexts);
        for (var k = _levels.Length - 1; k >= 0; k--)
        {
            if (!_levels[k].Add(contexts[k], Extended(contexts[k], token))) break;
        }
    }

    private double ProbabilityAfter(ReadOnlySpan<int> history, int token)
    {
        Span<ulong> contexts = stackalloc ulong[LongestOrder];
        HashContexts(history, contexts);
        var probability = 1.0 / _vocabularySize;
        for (var k = 0; k < _levels.Length; k++)
        {
            // Where a context never occurred, no longer one did.
            if (!_levels[k].Refine(contexts[k], Extended(contexts[k], token), ref probability)) break;
        }

        return probability;
    }

    // The hash of the last k tokens, for each k: from the nearest token back.
    private static void HashContexts(ReadOnlySpan<int> history, Span<ulong> contexts)
    {
        contexts[0] = 0;
        for (var k = 1; k <= history.Length; k++) contexts[k] = Extended(contexts[k - 1], history[^k]);
    }

    private static ulong Extended(ulong hash, int token) => CounterRandom.Mix(hash + (ulong)(token + 2));

    private int[] NewHistory()
    {
        var history = new int[_levels.Length - 1];
        Array.Fill(history, Beginning);
        return history;
    }

    private static void Shift(int[] history, int token)
    {
        if (history.Length == 0) return;
        history.AsSpan(1).CopyTo(history);
        history[^1] = token;
    }

    /// <summary>The n-grams of one length.</summary>
    private sealed class Level
    {
        private readonly Dictionary<ulong, int> _counts = [];
        private readonly Dictionary<ulong, (long Total, int Distinct)> _contexts = [];
        private double _discount;

        /// <summary>Counts an n-gram; true where it is new.</summary>
        public bool Add(ulong context, ulong ngram)
        {
            ref var count = ref CollectionsMarshal.GetValueRefOrAddDefault(_counts, ngram, out var known);
            count++;
            ref var after = ref CollectionsMarshal.GetValueRefOrAddDefault(_contexts, context, out _);
            after = (after.Total + 1, after.Distinct + (known ? 0 : 1));
            return !known;
        }

        public void SetDiscount()
        {
            double once = _counts.Values.LongCount(count => count == 1);
            double twice = _counts.Values.LongCount(count => count == 2);
            // With none of either the formula says nothing, or that no unseen token is possible.
            _discount = once > 0 && twice > 0 ? once / (once + 2 * twice) : 0.5;
        }

        /// <summary>Makes the probability after a longer context of that after a shorter one; false where the context never occurred.</summary>
        public bool Refine(ulong context, ulong ngram, ref double probability)
        {
            if (!_contexts.TryGetValue(context, out var after)) return false;
            _counts.TryGetValue(ngram, out var count);
            probability = (Math.Max(count - _discount, 0) + _discount * after.Distinct * probability) / after.Total;
            return true;
        }
    }
}
