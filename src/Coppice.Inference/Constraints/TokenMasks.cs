using Coppice.Foundation;

namespace Coppice.Inference;

/// <summary>
/// Which tokens can come next where a text is in its grammar. Most tokens are decided by the place in a rule alone, however it was reached: they are sorted out
/// once for each place. Left are those that go on behind the rule's end; they are followed to the end where the mask is made. Thread-safe.
/// </summary>
[Technique("constrained-decoding", Title = "Efficient Guided Generation for Large Language Models", Paper = "arXiv:2307.09702")]
[Technique("xgrammar", Title = "XGrammar: Flexible and Efficient Structured Generation Engine for Large Language Models", Paper = "arXiv:2411.15100")]
internal sealed class TokenMasks
{
    // What masks may take in all; beyond it they are made anew.
    private const long MostBytes = 16L << 20;

    private readonly Lock _gate = new();
    private readonly TokenTrie _trie;
    private readonly GrammarStates _states;
    private readonly Dictionary<int, PlaceTokens> _places = [];
    private readonly List<GrammarState> _masked = [];
    private readonly GrammarState?[] _path;
    private readonly bool[] _leaves;
    private readonly int _words;

    /// <summary>The masks of a grammar.</summary>
    /// <param name="grammar">The grammar.</param>
    /// <param name="trie">The vocabulary.</param>
    /// <exception cref="CoppiceException">The grammar can't be followed, is too large, or has no text but the empty one.</exception>
    public TokenMasks(Grammar grammar, TokenTrie trie)
    {
        _trie = trie;
        _states = new GrammarStates(AutomatonBuilder.Build(grammar));
        if (Start.Places.Length == 0) throw CoppiceException.Usage("grammar: nothing but an empty text follows it");
        _path = new GrammarState?[trie.Deepest + 1];
        _leaves = new bool[trie.Deepest + 1];
        _words = (trie.VocabularySize + 63) / 64;
    }

    /// <summary>The beginning of a text.</summary>
    public GrammarState Start => _states.Start;

    /// <summary>Where a token leads.</summary>
    /// <param name="state">Where the text is.</param>
    /// <param name="token">A token that is allowed there.</param>
    public GrammarState After(GrammarState state, int token)
    {
        lock (_gate) return Follow(state, _trie.BytesOf(token)) ?? throw new InvalidOperationException($"Token {token} can't come here.");
    }

    /// <summary>The tokens that can come next, a bit each: [vocabulary / 64, rounded up].</summary>
    /// <param name="state">Where the text is.</param>
    /// <exception cref="CoppiceException">The grammar can be read in too many ways at once.</exception>
    public ReadOnlySpan<ulong> Of(GrammarState state)
    {
        lock (_gate) return state.Mask ?? Make(state);
    }

    private ulong[] Make(GrammarState state)
    {
        var mask = new ulong[_words];
        foreach (var place in state.Places)
        {
            var own = At(place.Node).Allowed;
            for (var word = 0; word < mask.Length; word++) mask[word] |= own[word];
        }

        foreach (var place in state.Places)
        {
            foreach (var token in At(place.Node).Undecided)
            {
                if (!Has(mask, token) && Follow(state, _trie.BytesOf(token)) is not null) Add(mask, token);
            }
        }

        if ((_masked.Count + _places.Count + 1L) * _words * sizeof(ulong) > MostBytes) Forget();
        _masked.Add(state);
        return state.Mask = mask;
    }

    private static bool Has(ulong[] mask, int token) => (mask[token >> 6] >> (token & 63) & 1) != 0;

    private static void Add(ulong[] mask, int token) => mask[token >> 6] |= 1UL << (token & 63);

    private GrammarState? Follow(GrammarState state, ReadOnlySpan<byte> bytes)
    {
        var reached = state;
        foreach (var value in bytes)
        {
            if (_states.After(reached, value) is not { } next) return null;
            reached = next;
        }

        return reached;
    }

    private PlaceTokens At(int node)
    {
        if (!_places.TryGetValue(node, out var tokens)) _places[node] = tokens = Sort(node);
        return tokens;
    }

    /// <summary>Walks the vocabulary from a place in a rule.</summary>
    private PlaceTokens Sort(int node)
    {
        var (allowed, undecided) = (new ulong[_words], new List<int>());
        (_path[0], _leaves[0]) = (_states.Alone(node), false);
        for (var i = 0; i < _trie.Count;)
        {
            var depth = _trie.DepthOf(i);
            var state = _states.After(_path[depth]!, _trie.ByteOf(i));
            if (state is null)
            {
                // The rule may have ended before this byte: whether it fits depends on what follows the rule.
                if (_leaves[depth]) undecided.AddRange(_trie.TokensBelow(i));
                i = _trie.EndOf(i);
                continue;
            }

            foreach (var token in _trie.TokensAt(i)) Add(allowed, token);
            (_path[depth + 1], _leaves[depth + 1]) = (state, _leaves[depth] || state.LeavesRule);
            i++;
        }

        return new PlaceTokens(allowed, [.. undecided]);
    }

    private void Forget()
    {
        _places.Clear();
        foreach (var state in _masked) state.Mask = null;
        _masked.Clear();
    }

    /// <summary>What is known of tokens at a place in a rule.</summary>
    /// <param name="Allowed">Those that can come, a bit each.</param>
    /// <param name="Undecided">Those that can come where what follows the rule goes on as they do.</param>
    private sealed record PlaceTokens(ulong[] Allowed, int[] Undecided);
}
