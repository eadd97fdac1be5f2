using Coppice.Models;
using Coppice.Tensors;

namespace Coppice.Adapters;

/// <summary>Changes nothing: remembers what goes into the first projection of an MLP, so that what stands beside the MLP has it at the last one. A block runs from one end to the other, also where it is run again.</summary>
internal sealed class InputTap : ModuleDelta
{
    private Tensor? _seen;

    /// <summary>What went in last.</summary>
    public Tensor Seen => _seen ?? throw new InvalidOperationException("The last projection of an MLP ran before its first one.");

    /// <inheritdoc/>
    public override Tensor Forward(Tape tape, Projection own, Tensor x, Tensor? residual) => own.Forward(tape, _seen = x, residual);
}

/// <summary>A bottleneck beside an MLP: W · x + A(z) + residual, where z is the MLP's input and W its last projection.</summary>
/// <param name="module">A.</param>
/// <param name="tap">Has z.</param>
internal sealed class ParallelDelta(Bottleneck module, InputTap tap) : ModuleDelta
{
    /// <inheritdoc/>
    public override Tensor Forward(Tape tape, Projection own, Tensor x, Tensor? residual) => module.Add(tape, tap.Seen, own.Forward(tape, x, residual));

    /// <inheritdoc/>
    public override Tensor ForwardResidual(Tape tape, Projection own, Tensor x, Tensor residual, float dropout) =>
        module.Add(tape, tap.Seen, own.ForwardResidual(tape, x, residual, dropout));
}
