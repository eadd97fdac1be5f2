using Coppice.Foundation;
using Coppice.Tensors;
using Coppice.Tokenizers;

namespace Coppice.Adapters;

/// <summary>Leaves out some tokens of a text, each with the same probability; those that begin, part and end texts stay, and so does one token at least.</summary>
[Technique("token-drop", Title = "EDA: Easy Data Augmentation Techniques for Boosting Performance on Text Classification Tasks", Paper = "arXiv:1901.11196")]
public sealed class TokenDrop : ITextAugmentation
{
    private readonly HashSet<int> _kept;
    private readonly double _share;

    /// <summary>A way of leaving out.</summary>
    /// <param name="tokenizer">Knows which tokens are no text.</param>
    /// <param name="share">The probability for each token: 0 up to but without 1.</param>
    /// <exception cref="CoppiceException">The share is out of its range (exit code 2).</exception>
    public TokenDrop(Tokenizer tokenizer, double share = 0.15)
    {
        if (!(share is >= 0 and < 1)) throw CoppiceException.Usage(FormattableString.Invariant($"token drop: the share is {share}; 0 up to but without 1 is expected"));
        (_kept, _share) = ([.. tokenizer.SpecialTokens.Values], share);
        foreach (var token in new[] { tokenizer.BeginOfText, tokenizer.EndOfText })
        {
            if (token is { } id) _kept.Add(id);
        }
    }

    /// <inheritdoc/>
    public int[] Apply(ReadOnlySpan<int> tokens, ulong seed, ulong number)
    {
        var (random, left, text) = (new Philox(seed, number), new List<int>(), 0);
        for (var i = 0; i < tokens.Length; i++)
        {
            var isText = !_kept.Contains(tokens[i]);
            if (isText && random.UniformDouble((ulong)i) < _share) continue;
            left.Add(tokens[i]);
            if (isText) text++;
        }

        // A document of nothing means nothing.
        return text > 0 ? [.. left] : tokens.ToArray();
    }
}
