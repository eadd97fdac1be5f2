using Coppice.Models;
using Coppice.Tensors;

namespace Coppice.Adapters;

/// <summary>
/// Learned keys and values in front of every text, in every layer. They are the rows of virtual tokens without places, which rotary positions don't turn; what these rows
/// hold besides is nobody's and reaches nothing.
/// </summary>
/// <param name="count">How many.</param>
/// <param name="columns">Columns of the table of embeddings.</param>
/// <param name="compute">Computes keys and values of all layers: [count, 2 · layers · width], the keys of a layer before its values.</param>
internal sealed class Prefix(int count, int columns, Func<Tape, Tensor> compute) : VirtualTokens(count, havePlaces: false)
{
    private readonly float[] _nothing = new float[count * columns];
    private Tensor? _keysAndValues;

    /// <summary>Keys and values of the pass.</summary>
    public Tensor KeysAndValues => _keysAndValues ?? throw new InvalidOperationException("The projections ran before the embeddings.");

    /// <inheritdoc/>
    public override Tensor Embed(Tape tape)
    {
        // Made outside of the blocks and read inside of them, also when they are run again.
        Tape.Keep(_keysAndValues = compute(tape));
        return tape.Constant(new Shape(Count, columns), _nothing);
    }
}

/// <summary>A projection to keys or values that has those of a prefix in the rows of virtual tokens.</summary>
/// <param name="prefix">The prefix.</param>
/// <param name="rows">What stands in these rows: [count, outputs].</param>
internal sealed class PrefixDelta(Prefix prefix, Func<Tape, Tensor> rows) : ModuleDelta
{
    /// <inheritdoc/>
    public override Tensor Forward(Tape tape, Projection own, Tensor x, Tensor? residual)
    {
        if (prefix.Rows is not { } virtualRows) return own.Forward(tape, x, residual);
        var y = virtualRows.Insert(tape, own.Forward(tape, virtualRows.Remove(tape, x)), rows(tape));
        return residual is null ? y : tape.Add(y, residual);
    }
}
