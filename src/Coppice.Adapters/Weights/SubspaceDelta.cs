using Coppice.Models;
using Coppice.Tensors;

namespace Coppice.Adapters;

/// <summary>W' = W + λ · P · z, where P is random, fixed and never formed, and z is the same for all targets. Shapes: T rows, N inputs, M outputs, D length of z.</summary>
/// <param name="backend">Computes.</param>
/// <param name="vector">z [1, D].</param>
/// <param name="factor">λ [1, 1].</param>
/// <param name="map">P, whose outputs are the entries of the weight row by row.</param>
internal sealed class SubspaceDelta(Backend backend, Parameter vector, Parameter factor, FastfoodMap map) : WeightDelta
{
    /// <inheritdoc/>
    public override bool IsLinear => true;

    /// <inheritdoc/>
    public override Tensor Forward(Tape tape, Projection own, Tensor x, Tensor? residual)
    {
        var y_TM = own.Forward(tape, x, residual);
        return tape.Linear(x, Change(tape, own.Outputs, own.Inputs), residual: y_TM);
    }

    /// <inheritdoc/>
    public override void Merge(MergedWeight weight)
    {
        using var tape = new Tape(backend) { Recording = false };
        var change = Change(tape, weight.Outputs, weight.Inputs).ToArray();
        for (var i = 0; i < change.Length; i++) weight.Weight[i] += change[i];
    }

    private Tensor Change(Tape tape, int outputs, int inputs)
    {
        var scaled_1D = tape.MatMul(factor.Tensor, vector.Tensor);
        if (Strength != 1) scaled_1D = tape.Scale(scaled_1D, Strength);
        return tape.Fastfood(scaled_1D, map, new Shape(outputs, inputs));
    }
}
