using Coppice.Tensors;

namespace Coppice.Models;

/// <summary>
/// Rows that stand in front of every text as tokens would and are none: soft prompts and prefixes. A model that has them (<see cref="LanguageModel.Virtual"/>) computes
/// with them and gives back what belongs to tokens alone: batches, caches, heads and generation are as without.
/// </summary>
public abstract class VirtualTokens
{
    /// <summary>Virtual tokens of some number.</summary>
    /// <param name="count">How many.</param>
    /// <param name="havePlaces">Whether they have the positions from 0 on; where not, all have the position 0. The text begins behind as many either way.</param>
    protected VirtualTokens(int count, bool havePlaces)
    {
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(count);
        (Count, HavePlaces) = (count, havePlaces);
    }

    /// <summary>How many there are.</summary>
    public int Count { get; }

    /// <summary>Whether they have the positions from 0 on; where not, all have the position 0.</summary>
    public bool HavePlaces { get; }

    /// <summary>The rows of the pass that computes; null where no text begins in it, so that there are no virtual ones among them.</summary>
    public VirtualRows? Rows { get; internal set; }

    /// <summary>What stands in the place of embeddings. Asked once in a pass in which texts begin.</summary>
    /// <param name="tape">Records the operations.</param>
    /// <returns>[count, columns of the table of embeddings].</returns>
    public abstract Tensor Embed(Tape tape);
}

/// <summary>Which rows of a pass are tokens' and which are virtual.</summary>
/// <param name="All">Of each row, the number of its token; behind all tokens come the numbers of the virtual ones.</param>
/// <param name="Tokens">Of each token, its row.</param>
public readonly record struct VirtualRows(IntTensor All, IntTensor Tokens)
{
    /// <summary>Puts virtual rows among those of tokens, in front of each text that begins.</summary>
    /// <param name="tape">Records the operations.</param>
    /// <param name="tokens">[tokens, columns].</param>
    /// <param name="virtuals">[virtual tokens, columns].</param>
    /// <returns>[rows of the pass, columns].</returns>
    public Tensor Insert(Tape tape, Tensor tokens, Tensor virtuals) => tape.Embedding(All, tape.ConcatenateRows(tokens, virtuals));

    /// <summary>The rows of tokens.</summary>
    /// <param name="tape">Records the operations.</param>
    /// <param name="rows">[rows of the pass, columns].</param>
    /// <returns>[tokens, columns].</returns>
    public Tensor Remove(Tape tape, Tensor rows) => tape.Embedding(Tokens, rows);
}
