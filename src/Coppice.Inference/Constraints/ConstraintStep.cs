using System.Numerics;
using Coppice.Foundation;

namespace Coppice.Inference;

/// <summary>Leaves the tokens with which a text still follows its grammar, and those that end a text where it may end.</summary>
/// <param name="masks">The grammar.</param>
/// <param name="ends">The tokens that end a text, a bit each.</param>
internal sealed class ConstraintStep(TokenMasks masks, ulong[] ends) : ILogitsStep
{
    private GrammarState _state = masks.Start;

    /// <summary>Whether the text is complete and no token can be added to it.</summary>
    public bool IsComplete => _state.IsEnd && !masks.Of(_state).ContainsAnyExcept(0UL);

    /// <summary>The same step for a text that goes on in another way from here.</summary>
    public ConstraintStep Fork() => new(masks, ends) { _state = _state };

    /// <inheritdoc/>
    /// <exception cref="CoppiceException">No token of the vocabulary goes on as the grammar demands.</exception>
    public void Apply(Span<float> logits)
    {
        var mask = masks.Of(_state);
        var left = false;
        for (var word = 0; word < mask.Length; word++)
        {
            var allowed = (mask[word] & ~ends[word]) | (_state.IsEnd ? ends[word] : 0);
            left |= allowed != 0;
            var tokens = logits[(64 * word)..Math.Min(64 * (word + 1), logits.Length)];
            if (allowed == 0)
            {
                tokens.Fill(float.NegativeInfinity);
                continue;
            }

            for (var forbidden = ~allowed; forbidden != 0; forbidden &= forbidden - 1)
            {
                var token = BitOperations.TrailingZeroCount(forbidden);
                if (token < tokens.Length) tokens[token] = float.NegativeInfinity;
            }
        }

        if (!left) throw CoppiceException.Usage("The constraint demands a character that no token of the model's vocabulary has.");
    }

    /// <inheritdoc/>
    public void Accept(int token)
    {
        var endsText = (ends[token >> 6] >> (token & 63) & 1) != 0;
        if (!endsText) _state = masks.After(_state, token);
    }
}
