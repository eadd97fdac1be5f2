using System.Runtime.InteropServices;

namespace Coppice.Corpus.Scoring;

/// <summary>
/// The counts that a <see cref="KneserNeyModel"/> is made of. An n-gram is known by its context, which is an n-gram too, and its last symbol: a trie of which each
/// node is found by hash. The longest n-grams count how often they occur, shorter ones how many different symbols stand before them.
/// </summary>
/// <remarks>Memory: about 45 bytes for each different n-gram, of which there are at most order · symbols.</remarks>
internal sealed class KneserNeyCounts
{
    /// <summary>The longest n-grams there can be.</summary>
    public const int LongestOrder = 8;

    /// <summary>The symbol that stands before a text.</summary>
    public const ulong Beginning = ulong.MaxValue;

    private const int Root = 0;
    private const int None = -1;
    private readonly int _order;
    private readonly int[] _beginning;
    private readonly List<Node> _nodes = [];

    // Open addressing: places of nodes, or None.
    private int[] _index = NewIndex(1 << 10);

    /// <summary>Starts without counts.</summary>
    /// <param name="order">Symbols of the longest n-gram, from 1 to <see cref="LongestOrder"/>.</param>
    public KneserNeyCounts(int order)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(order, 1);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(order, LongestOrder);
        _order = order;
        _nodes.Add(new Node { Context = None, Shorter = None });
        _beginning = new int[order];
        // What stands before a text is so many symbols that mean its beginning. They are contexts only, and never counted themselves.
        for (var length = 1; length < order; length++)
        {
            _beginning[length] = FindOrAdd(_beginning[length - 1], Beginning, out _);
            Nodes[_beginning[length]].Shorter = _beginning[length - 1];
        }
    }

    private Span<Node> Nodes => CollectionsMarshal.AsSpan(_nodes);

    /// <summary>The contexts at the beginning of a text: for each length the node of that many symbols.</summary>
    public int[] BeginText() => [.. _beginning];

    /// <summary>Counts a symbol.</summary>
    /// <param name="contexts">What stands before it, as <see cref="BeginText"/> or the last call left it; moved on by the symbol.</param>
    /// <param name="symbol">The symbol: any number but the largest.</param>
    /// <returns>Whether it is the first time that the symbol occurs.</returns>
    public bool Add(int[] contexts, ulong symbol)
    {
        Span<int> ngrams = stackalloc int[LongestOrder + 1];
        ngrams[0] = Root;
        var longer = None;
        var length = _order;
        for (; length > 0; length--)
        {
            var context = contexts[length - 1];
            var ngram = FindOrAdd(context, symbol, out var isNew);
            var nodes = Nodes;
            ngrams[length] = ngram;
            nodes[ngram].Count++;
            nodes[context].Total++;
            if (longer != None) nodes[longer].Shorter = ngram;
            if (!isNew) break;
            nodes[context].Distinct++;
            longer = ngram;
        }

        var isFirst = length == 0;
        if (isFirst) Nodes[longer].Shorter = Root;
        // Of an n-gram that occurred, the shorter ones did.
        for (; length > 1; length--) ngrams[length - 1] = _nodes[ngrams[length]].Shorter;
        ngrams[1.._order].CopyTo(contexts.AsSpan(1));
        return isFirst;
    }

    /// <summary>Makes the model.</summary>
    /// <param name="log2Base">Of the n-th symbol that occurred first, the base-2 logarithm of its probability where nothing is known of its context.</param>
    public KneserNeyModel ToModel(Func<int, double> log2Base)
    {
        var nodes = Nodes;
        var lengths = new byte[nodes.Length];
        // A context was there before its n-grams.
        for (var i = 1; i < nodes.Length; i++) lengths[i] = (byte)(lengths[nodes[i].Context] + 1);
        var discounts = Discounts(nodes, lengths);
        var probabilities = new double[nodes.Length];
        var model = new KneserNeyModel(_order, nodes.Length, LogBackoff(nodes[Root], 0, discounts));
        for (var length = 1; length <= _order; length++)
        {
            var unigrams = 0;
            for (var i = 1; i < nodes.Length; i++)
            {
                if (lengths[i] != length) continue;
                ref var node = ref nodes[i];
                var context = nodes[node.Context];
                // A context of beginnings alone is no n-gram, and its probability is never asked for.
                if (node.Count > 0)
                {
                    var lower = length == 1 ? Math.Pow(2, log2Base(unigrams++)) : probabilities[node.Shorter];
                    var discount = discounts[length - 1];
                    probabilities[i] = (Math.Max(node.Count - discount, 0) + discount * context.Distinct * lower) / context.Total;
                }

                var key = KneserNeyModel.EmptyKey;
                for (var ngram = i; ngram != Root; ngram = nodes[ngram].Context) key = KneserNeyModel.Extend(key, nodes[ngram].Symbol);
                model.Insert(key, Math.Log2(probabilities[i]), LogBackoff(node, length, discounts));
            }
        }

        return model;
    }

    // By the length of the context: of the n-grams that count once and twice, n1 / (n1 + 2·n2).
    private double[] Discounts(ReadOnlySpan<Node> nodes, byte[] lengths)
    {
        var (once, twice) = (new double[_order], new double[_order]);
        for (var i = 1; i < nodes.Length; i++)
        {
            if (nodes[i].Count == 1) once[lengths[i] - 1]++;
            if (nodes[i].Count == 2) twice[lengths[i] - 1]++;
        }

        // With none of either the formula says nothing, or that no unseen symbol is possible.
        return [.. once.Zip(twice, (n1, n2) => n1 > 0 && n2 > 0 ? n1 / (n1 + 2 * n2) : 0.5)];
    }

    private static double LogBackoff(Node context, int length, double[] discounts) =>
        context.Total == 0 ? 0 : Math.Log2(discounts[length] * context.Distinct / context.Total);

    private int FindOrAdd(int context, ulong symbol, out bool isNew)
    {
        if (_nodes.Count * 3L > _index.Length * 2L) Grow();
        var nodes = Nodes;
        for (var place = PlaceOf(context, symbol); ; place = (place + 1) & (_index.Length - 1))
        {
            var node = _index[place];
            if (node == None)
            {
                isNew = true;
                _index[place] = _nodes.Count;
                _nodes.Add(new Node { Context = context, Symbol = symbol, Shorter = None });
                return _nodes.Count - 1;
            }

            if (nodes[node].Context == context && nodes[node].Symbol == symbol)
            {
                isNew = false;
                return node;
            }
        }
    }

    private void Grow()
    {
        _index = NewIndex(_index.Length * 2);
        for (var node = 1; node < _nodes.Count; node++)
        {
            var place = PlaceOf(_nodes[node].Context, _nodes[node].Symbol);
            while (_index[place] != None) place = (place + 1) & (_index.Length - 1);
            _index[place] = node;
        }
    }

    private int PlaceOf(int context, ulong symbol) => (int)CounterRandom.Mix(symbol + (ulong)context * 0xD6E8FEB86659FD93) & (_index.Length - 1);

    private static int[] NewIndex(int length)
    {
        var index = new int[length];
        Array.Fill(index, None);
        return index;
    }

    /// <summary>An n-gram, and what follows it as a context.</summary>
    private struct Node
    {
        public ulong Symbol;

        // The n-gram without its last symbol, and without its first.
        public int Context;
        public int Shorter;
        public int Count;
        public int Total;
        public int Distinct;
    }
}
