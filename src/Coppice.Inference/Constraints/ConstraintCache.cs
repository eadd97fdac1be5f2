using Coppice.Foundation;
using Coppice.Tokenizers;

namespace Coppice.Inference;

/// <summary>The constraints that were used last, ready for a vocabulary. Thread-safe.</summary>
/// <param name="tokenizer">The vocabulary.</param>
/// <param name="boundaries">Which tokens end a text.</param>
internal sealed class ConstraintCache(Tokenizer tokenizer, TextBoundaries boundaries)
{
    private const int Most = 16;

    private readonly Lock _gate = new();
    private readonly List<(TextConstraint Constraint, TokenMasks Masks)> _recent = [];
    private TokenTrie? _trie;
    private ulong[] _ends = [];

    /// <summary>What holds a text to its constraint.</summary>
    /// <param name="options">How it is continued.</param>
    /// <returns>The step; null where there is no constraint.</returns>
    /// <exception cref="CoppiceException">The constraint is wrong, not supported or too large, or the tokenizer can't be constrained.</exception>
    public ConstraintStep? Begin(GenerationOptions options)
    {
        if (options.Constraint is not { } constraint) return null;
        lock (_gate)
        {
            if (_trie is null)
            {
                _trie = new TokenTrie(tokenizer, boundaries.Ends);
                _ends = With(new ulong[(tokenizer.VocabularySize + 63) / 64], Enumerable.Range(0, tokenizer.VocabularySize).Where(boundaries.Ends));
            }

            var place = _recent.FindIndex(known => known.Constraint == constraint);
            var masks = place >= 0 ? _recent[place].Masks : new TokenMasks(constraint.Read(), _trie);
            if (place >= 0) _recent.RemoveAt(place);
            else if (_recent.Count == Most) _recent.RemoveAt(0);
            _recent.Add((constraint, masks));
            return new ConstraintStep(masks, With(_ends, options.EndTokens.Where(token => token >= 0 && token < tokenizer.VocabularySize)));
        }
    }

    private static ulong[] With(ulong[] mask, IEnumerable<int> tokens)
    {
        ulong[] result = [.. mask];
        foreach (var token in tokens) result[token >> 6] |= 1UL << (token & 63);
        return result;
    }
}
