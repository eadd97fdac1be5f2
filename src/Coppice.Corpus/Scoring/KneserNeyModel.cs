namespace Coppice.Corpus.Scoring;

/// <summary>
/// An n-gram model with interpolated Kneser-Ney smoothing, ready to be read: one flat hash table whose slots hold an n-gram's probability and what is left to shorter
/// contexts after it. Symbols are numbers; what is not known of a symbol's context is left to a base distribution, which the caller has.
/// <code>
/// P_k(w | h) = (max(c(hw) - d_k, 0) + d_k · |{v : c(hv) > 0}| · P_(k-1)(w | h')) / Σ_v c(hv)
/// </code>
/// </summary>
/// <remarks>
/// A symbol costs one look-up for each length of n-gram that is found, and one more: as in KenLM (Heafield 2011), the n-grams found for one symbol are the contexts of
/// the next. N-grams are known by 64-bit keys; two share one with a probability of about 2⁻⁶⁴ a pair. Memory: 32 to 64 bytes an n-gram. Reading is thread-safe.
/// </remarks>
internal sealed class KneserNeyModel
{
    /// <summary>The context without symbols.</summary>
    public const int Root = -1;

    private readonly int _order;
    private readonly double _rootBackoff;
    private readonly Slot[] _slots;

    /// <summary>Makes room.</summary>
    /// <param name="order">Symbols of the longest n-gram.</param>
    /// <param name="ngrams">How many n-grams will be inserted, at most.</param>
    /// <param name="rootBackoff">The base-2 logarithm of what is left to the base distribution.</param>
    public KneserNeyModel(int order, long ngrams, double rootBackoff)
    {
        var capacity = 16L;
        while (capacity * 3 < ngrams * 4) capacity *= 2;
        (_order, _rootBackoff, _slots) = (order, rootBackoff, new Slot[capacity]);
    }

    /// <summary>The contexts at the beginning of a text, by length.</summary>
    public int[] Beginning { get; set; } = [];

    /// <summary>Inserts an n-gram that isn't there.</summary>
    /// <param name="context">Where its context was inserted, or <see cref="Root"/>.</param>
    /// <param name="symbol">Its last symbol.</param>
    /// <param name="log2Probability">The base-2 logarithm of the symbol's probability after the context.</param>
    /// <param name="log2Backoff">The base-2 logarithm of what the n-gram, as a context, leaves to the shorter one.</param>
    /// <returns>Where it is.</returns>
    public int Insert(int context, ulong symbol, double log2Probability, double log2Backoff)
    {
        var key = Key(context, symbol);
        var place = (int)key & (_slots.Length - 1);
        while (_slots[place].Key != 0) place = (place + 1) & (_slots.Length - 1);
        _slots[place] = new Slot { Key = key, Log2Probability = log2Probability, Log2Backoff = log2Backoff };
        return place;
    }

    /// <summary>Starts a text.</summary>
    /// <param name="contexts">[order - 1 or more]: takes the contexts.</param>
    /// <returns>How many of them there are.</returns>
    public int BeginText(Span<int> contexts)
    {
        Beginning.CopyTo(contexts);
        return Beginning.Length;
    }

    /// <summary>The base-2 logarithm of a symbol's probability.</summary>
    /// <param name="symbol">The symbol.</param>
    /// <param name="contexts">What stands before it, as <see cref="BeginText"/> or the last call left it; moved on by the symbol.</param>
    /// <param name="known">How many contexts there are; moved on.</param>
    /// <param name="isSymbolKnown">Where false, the symbol's base-2 logarithm in the base distribution is to be added to the result.</param>
    public double Log2Probability(ulong symbol, Span<int> contexts, ref int known, out bool isSymbolKnown)
    {
        Span<int> found = stackalloc int[KneserNeyCounts.LongestOrder];
        var length = 0;
        for (var context = Root; Find(context, symbol) is var ngram and >= 0; context = contexts[length - 1])
        {
            found[length++] = ngram;
            if (length > known) break;
        }

        isSymbolKnown = length > 0;
        var result = isSymbolKnown ? _slots[found[length - 1]].Log2Probability : _rootBackoff;
        // The contexts of as many symbols and more don't have the symbol after them.
        for (var i = Math.Max(0, length - 1); i < known; i++) result += _slots[contexts[i]].Log2Backoff;

        known = Math.Min(length, _order - 1);
        found[..known].CopyTo(contexts);
        return result;
    }

    /// <summary>A number for a context and a symbol, never 0.</summary>
    public static ulong Key(int context, ulong symbol) => Math.Max(1, CounterRandom.Mix(symbol + (ulong)(context + 2) * 0xD6E8FEB86659FD93));

    private int Find(int context, ulong symbol)
    {
        var key = Key(context, symbol);
        for (var place = (int)key & (_slots.Length - 1); ; place = (place + 1) & (_slots.Length - 1))
        {
            var found = _slots[place].Key;
            if (found == key) return place;
            if (found == 0) return -1;
        }
    }

    private struct Slot
    {
        public ulong Key;
        public double Log2Probability;
        public double Log2Backoff;
    }
}
