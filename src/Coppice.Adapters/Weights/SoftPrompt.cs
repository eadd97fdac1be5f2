using Coppice.Models;
using Coppice.Tensors;

namespace Coppice.Adapters;

/// <summary>Learned embeddings in front of every text.</summary>
/// <param name="count">How many.</param>
/// <param name="embed">Computes them: [count, columns of the table of embeddings].</param>
internal sealed class SoftPrompt(int count, Func<Tape, Tensor> embed) : VirtualTokens(count, havePlaces: true)
{
    /// <inheritdoc/>
    public override Tensor Embed(Tape tape) => embed(tape);
}
