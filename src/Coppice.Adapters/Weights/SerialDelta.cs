using Coppice.Models;
using Coppice.Tensors;

namespace Coppice.Adapters;

/// <summary>A bottleneck behind a projection, in front of the residual: h + A(h) + residual with h = W · x.</summary>
/// <param name="module">A.</param>
internal sealed class SerialDelta(Bottleneck module) : ModuleDelta
{
    /// <inheritdoc/>
    public override Tensor Forward(Tape tape, Projection own, Tensor x, Tensor? residual)
    {
        var h_TM = own.Forward(tape, x);
        var y_TM = module.Add(tape, h_TM, h_TM);
        return residual is null ? y_TM : tape.Add(y_TM, residual);
    }

    // As in the paper's code, dropout comes before the adapter.
    public override Tensor ForwardResidual(Tape tape, Projection own, Tensor x, Tensor residual, float dropout)
    {
        var h_TM = tape.Dropout(own.Forward(tape, x), dropout, training: true);
        return tape.Add(module.Add(tape, h_TM, h_TM), residual);
    }
}

/// <summary>
/// A bottleneck behind a projection and its residual, whose own skip connection holds no second copy of the residual: s + A(N(s)) with s = W · x + residual. N is the
/// norm that follows in the block where norms follow (BERT), and nothing where they come first.
/// </summary>
/// <param name="module">A.</param>
/// <param name="norm">Weight and bias of N and what is added to the variance; null without.</param>
internal sealed class ResidualDelta(Bottleneck module, (Tensor Weight, Tensor? Bias, float Epsilon)? norm) : ModuleDelta
{
    /// <inheritdoc/>
    public override Tensor Forward(Tape tape, Projection own, Tensor x, Tensor? residual) => Behind(tape, own.Forward(tape, x, residual));

    /// <inheritdoc/>
    public override Tensor ForwardResidual(Tape tape, Projection own, Tensor x, Tensor residual, float dropout) => Behind(tape, own.ForwardResidual(tape, x, residual, dropout));

    private Tensor Behind(Tape tape, Tensor sum_TM) => module.Add(tape, norm is { } n ? tape.LayerNorm(sum_TM, n.Weight, n.Bias, n.Epsilon) : sum_TM, sum_TM);
}
