namespace Coppice.Inference;

/// <summary>
/// Guesses how a text goes on. What it proposes is computed in one pass together with the last token, and kept as far as the model draws the same: a
/// proposal decides how fast a text comes, never which. One object serves one text after another.
/// </summary>
public interface IDraftSource
{
    /// <summary>Whether it proposes trees. As many tokens as may be are asked for then: never do all of them come true.</summary>
    bool Branches => false;

    /// <summary>Begins a text.</summary>
    /// <param name="prompt">Its prompt, at least one token.</param>
    /// <param name="options">How it is continued.</param>
    void Begin(ReadOnlySpan<int> prompt, GenerationOptions options);

    /// <summary>Learns the next token of the text.</summary>
    /// <param name="token">The token that was drawn.</param>
    void Accept(int token);

    /// <summary>Learns what the model expects after a token, rejected proposals included. A source that has no use for it need not care.</summary>
    /// <param name="token">The token.</param>
    /// <param name="logits">[vocabulary] after it.</param>
    void Observe(int token, ReadOnlySpan<float> logits)
    {
    }

    /// <summary>Proposes the tokens that come next.</summary>
    /// <param name="draft">Receives them; at least one fits.</param>
    /// <returns>How many there are; 0 where nothing suggests itself.</returns>
    int Propose(Span<int> draft);

    /// <summary>Proposes a tree of tokens that may come next, where the source has <see cref="Branches"/>.</summary>
    /// <param name="draft">Receives them; at least one fits. Those that follow the same one are different.</param>
    /// <param name="parents">Receives for each the number of the one that it follows, which comes before it; -1 for the text's last token.</param>
    /// <returns>How many there are; 0 where nothing suggests itself.</returns>
    int Propose(Span<int> draft, Span<int> parents) => throw new NotSupportedException("This source proposes no trees.");
}
