using Coppice.Models;
using Coppice.Tensors;

namespace Coppice.Adapters;

/// <summary>A projection of the base and what an adapter makes of it: the two are independent, so that any change goes with any representation of the base.</summary>
/// <param name="own">The base, which stays as it is.</param>
/// <param name="delta">The change.</param>
public sealed class AdaptedProjection(Projection own, WeightDelta delta) : Projection(own.Name, own.Inputs, own.Outputs)
{
    /// <summary>The base.</summary>
    public Projection Own { get; } = own;

    /// <summary>The change.</summary>
    public WeightDelta Delta { get; } = delta;

    /// <inheritdoc/>
    public override Tensor Forward(Tape tape, Tensor x, Tensor? residual = null) => Delta.Forward(tape, Own, x, residual);
}
