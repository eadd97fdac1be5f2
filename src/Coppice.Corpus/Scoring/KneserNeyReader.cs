using System.Runtime.CompilerServices;

namespace Coppice.Corpus.Scoring;

/// <summary>
/// Reads one text by a <see cref="KneserNeyModel"/>. As in KenLM (Heafield 2011), the n-grams found for one symbol are the contexts of the next, so that a symbol
/// costs one look-up for each length of n-gram that is found, and one more. In a table larger than the caches each would wait for memory; the keys of several
/// symbols in a row are known beforehand, and what they need is fetched at once.
/// </summary>
internal struct KneserNeyReader
{
    /// <summary>The most symbols that are read at once.</summary>
    public const int MostAtOnce = 32;

    private readonly KneserNeyModel _model;

    // What stands before, the nearest symbol first, and what each context leaves to the shorter one.
    private Buffer<ulong> _symbols;
    private Buffer<double> _backoffs;
    private int _known;

    /// <summary>Begins a text.</summary>
    /// <param name="model">The model.</param>
    public KneserNeyReader(KneserNeyModel model)
    {
        _model = model;
        var key = KneserNeyModel.EmptyKey;
        for (; _known < model.Order - 1; _known++)
        {
            _symbols[_known] = KneserNeyCounts.Beginning;
            key = KneserNeyModel.Extend(key, KneserNeyCounts.Beginning);
            _backoffs[_known] = model.Find(key).Log2Backoff;
        }
    }

    /// <summary>Reads a symbol.</summary>
    /// <param name="symbol">The symbol.</param>
    /// <param name="isKnown">Where false, the symbol's base-2 logarithm in the base distribution is to be added to the result.</param>
    /// <returns>The base-2 logarithm of its probability.</returns>
    public double Next(ulong symbol, out bool isKnown)
    {
        Span<ulong> keys = stackalloc ulong[KneserNeyCounts.LongestOrder];
        Remember(symbol, keys);
        return Next(keys, out isKnown);
    }

    /// <summary>Reads several symbols.</summary>
    /// <param name="symbols">[<see cref="MostAtOnce"/> at most].</param>
    /// <param name="log2">[symbols]: takes the base-2 logarithms of their probabilities.</param>
    /// <param name="isKnown">[symbols]: where false, the symbol's base-2 logarithm in the base distribution is to be added.</param>
    public void Next(ReadOnlySpan<ulong> symbols, Span<double> log2, Span<bool> isKnown)
    {
        Span<ulong> keys = stackalloc ulong[MostAtOnce * KneserNeyCounts.LongestOrder];
        var order = _model.Order;
        for (var i = 0; i < symbols.Length; i++)
        {
            var ngrams = keys.Slice(i * order, order);
            Remember(symbols[i], ngrams);
            foreach (var key in ngrams) _model.Touch(key);
        }

        for (var i = 0; i < symbols.Length; i++) log2[i] = Next(keys.Slice(i * order, order), out isKnown[i]);
    }

    // Takes the keys of the n-grams that end in the symbol, the shortest first.
    private void Remember(ulong symbol, Span<ulong> keys)
    {
        var contexts = _model.Order - 1;
        var key = keys[0] = KneserNeyModel.Extend(KneserNeyModel.EmptyKey, symbol);
        for (var i = 0; i < contexts; i++) key = keys[i + 1] = KneserNeyModel.Extend(key, _symbols[i]);
        for (var i = contexts - 1; i > 0; i--) _symbols[i] = _symbols[i - 1];
        if (contexts > 0) _symbols[0] = symbol;
    }

    private double Next(ReadOnlySpan<ulong> keys, out bool isKnown)
    {
        var length = 0;
        var result = _model.RootBackoff;
        Buffer<double> backoffs = default;
        for (; length <= _known; length++)
        {
            ref readonly var ngram = ref _model.Find(keys[length]);
            if (Unsafe.IsNullRef(in ngram)) break;
            result = ngram.Log2Probability;
            backoffs[length] = ngram.Log2Backoff;
        }

        isKnown = length > 0;
        // The contexts of as many symbols and more don't have the symbol after them.
        for (var i = Math.Max(0, length - 1); i < _known; i++) result += _backoffs[i];
        (_known, _backoffs) = (Math.Min(length, _model.Order - 1), backoffs);
        return result;
    }

    [InlineArray(KneserNeyCounts.LongestOrder)]
    private struct Buffer<T>
    {
        private T _first;
    }
}
