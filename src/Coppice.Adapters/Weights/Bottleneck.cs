using Coppice.Models;
using Coppice.Tensors;

namespace Coppice.Adapters;

/// <summary>A narrow network beside or behind a layer: s · (U · f(D · z + d) + u). Shapes: T rows, N inputs, R width of the bottleneck, M outputs.</summary>
/// <param name="down">D [R, N].</param>
/// <param name="downBias">d [R].</param>
/// <param name="up">U [M, R].</param>
/// <param name="upBias">u [M].</param>
/// <param name="activation">f.</param>
/// <param name="scale">s.</param>
internal sealed class Bottleneck(Parameter down, Parameter downBias, Parameter up, Parameter upBias, PointwiseFunction activation, double scale)
{
    /// <summary>Adds what it makes of an input.</summary>
    /// <param name="tape">Records the operations.</param>
    /// <param name="z">[T, N].</param>
    /// <param name="y">[T, M] to add to, or null.</param>
    /// <returns>[T, M].</returns>
    public Tensor Add(Tape tape, Tensor z, Tensor? y)
    {
        var inner_TR = tape.Apply(tape.Linear(z, down.Tensor, downBias.Tensor), activation);
        if (scale == 1) return tape.Linear(inner_TR, up.Tensor, upBias.Tensor, y);
        return tape.Linear(tape.Scale(inner_TR, (float)scale), up.Tensor, tape.Scale(upBias.Tensor, (float)scale), y);
    }
}

/// <summary>A module that is put into the base, and no change of a weight: it can't be merged.</summary>
internal abstract class ModuleDelta : WeightDelta
{
    /// <inheritdoc/>
    public sealed override void Merge(MergedWeight weight) => throw new InvalidOperationException("A module is no change of a weight.");
}
