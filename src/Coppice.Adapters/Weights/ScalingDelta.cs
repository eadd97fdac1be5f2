using Coppice.Models;
using Coppice.Tensors;

namespace Coppice.Adapters;

/// <summary>W' = diag(l) · W with the bias scaled too, or W' = W · diag(l): outputs or inputs, each multiplied by a number of its own.</summary>
/// <param name="scales">l, as many as outputs or inputs.</param>
/// <param name="scalesInput">Which of the two.</param>
internal sealed class ScalingDelta(Parameter scales, bool scalesInput) : WeightDelta
{
    /// <inheritdoc/>
    public override Tensor Forward(Tape tape, Projection own, Tensor x, Tensor? residual) => scalesInput
        ? own.Forward(tape, tape.ScaleColumns(x, scales.Tensor), residual)
        : tape.ScaleColumns(own.Forward(tape, x), scales.Tensor, residual: residual);

    /// <inheritdoc/>
    public override void Merge(MergedWeight weight)
    {
        var factors = scales.Tensor.ToArray();
        if (scalesInput)
        {
            for (var i = 0; i < weight.Weight.Length; i++) weight.Weight[i] *= factors[i % weight.Inputs];
            return;
        }

        for (var row = 0; row < weight.Outputs; row++)
        {
            weight.ScaleRow(row, factors[row]);
            if (weight.Bias is { } bias) bias[row] *= factors[row];
        }
    }
}
