using Coppice.Models;
using Coppice.Tensors;

namespace Coppice.Adapters;

/// <summary>
/// W' = W + diag(b) · B · diag(d) · A: A and B are frozen and shared by all targets, of which each takes as many columns and rows as it has.
/// Shapes: T rows, N inputs, M outputs, R rank.
/// </summary>
/// <param name="sharedA">[R, at least N].</param>
/// <param name="sharedB">[at least M, R].</param>
/// <param name="d">[R].</param>
/// <param name="b">[M].</param>
internal sealed class SharedProjectionDelta(Parameter sharedA, Parameter sharedB, Parameter d, Parameter b) : WeightDelta
{
    /// <inheritdoc/>
    public override bool IsLinear => true;

    /// <inheritdoc/>
    public override Tensor Forward(Tape tape, Projection own, Tensor x, Tensor? residual)
    {
        var (inputs, outputs) = (own.Inputs, own.Outputs);
        var a_RN = sharedA.Tensor.Columns == inputs ? sharedA.Tensor : tape.SliceColumns(sharedA.Tensor, 0, inputs);
        var b_MR = sharedB.Tensor.Rows == outputs ? sharedB.Tensor : tape.SliceRows(sharedB.Tensor, 0, outputs);
        var inner_TR = tape.ScaleColumns(tape.Linear(x, a_RN), d.Tensor);
        if (Strength != 1) inner_TR = tape.Scale(inner_TR, Strength);
        return tape.ScaleColumns(tape.Linear(inner_TR, b_MR), b.Tensor, residual: own.Forward(tape, x, residual));
    }

    /// <inheritdoc/>
    public override void Merge(MergedWeight weight)
    {
        var (left, right) = Factors(weight.Inputs, weight.Outputs);
        weight.AddProduct(left, right, Strength);
    }

    /// <summary>The factors of the change as those of a LoRA: diag(b) · B [M, R] and diag(d) · A [R, N].</summary>
    internal (float[] B, float[] A) Factors(int inputs, int outputs)
    {
        var rank = sharedA.Shape[0];
        var (wide, tall) = (sharedA.Tensor.ToArray(), sharedB.Tensor.ToArray());
        var (inner, outer) = (d.Tensor.ToArray(), b.Tensor.ToArray());
        var (left, right) = (new float[outputs * rank], new float[rank * inputs]);
        for (var row = 0; row < outputs; row++)
        {
            for (var k = 0; k < rank; k++) left[row * rank + k] = outer[row] * tall[row * rank + k];
        }

        var stride = wide.Length / rank;
        for (var k = 0; k < rank; k++)
        {
            for (var column = 0; column < inputs; column++) right[k * inputs + column] = inner[k] * wide[k * stride + column];
        }

        return (left, right);
    }
}
