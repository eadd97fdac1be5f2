using Coppice.Models;
using Coppice.Tensors;

namespace Coppice.Adapters;

/// <summary>W' = W + s · B · diag(e) · A, with a part of W left out where that is wanted. Shapes: T rows, N inputs, M outputs, R rank.</summary>
/// <param name="a">[R, N].</param>
/// <param name="e">R values.</param>
/// <param name="b">[M, R].</param>
/// <param name="scale">s.</param>
/// <param name="dropout">The share of x that the change does not see in training.</param>
/// <param name="removed">Frozen factors whose product is taken off W; null for none.</param>
internal sealed class SingularDelta(Parameter a, Parameter e, Parameter b, double scale, double dropout, (Parameter A, Parameter B)? removed = null) : WeightDelta
{
    /// <inheritdoc/>
    public override bool IsLinear => true;

    /// <inheritdoc/>
    public override Tensor Forward(Tape tape, Projection own, Tensor x, Tensor? residual)
    {
        var y_TM = own.Forward(tape, x, residual);
        if (removed is { } part) y_TM = LowRankDelta.Add(tape, x, part.A, part.B, -Strength, y_TM);
        var inner_TR = tape.ScaleColumns(tape.Linear(tape.Dropout(x, (float)dropout, tape.Training), a.Tensor), e.Tensor);
        var factor = (float)(scale * Strength);
        if (factor != 1) inner_TR = tape.Scale(inner_TR, factor);
        return tape.Linear(inner_TR, b.Tensor, residual: y_TM);
    }

    /// <inheritdoc/>
    public override void Merge(MergedWeight weight)
    {
        if (removed is { } part) weight.AddProduct(part.B.Tensor.ToArray(), part.A.Tensor.ToArray(), -Strength);
        weight.AddProduct(b.Tensor.ToArray(), ScaledRows(a.Tensor.ToArray(), e.Tensor.ToArray()), scale * Strength);
    }

    /// <summary>diag(e) · A.</summary>
    internal static float[] ScaledRows(float[] a, float[] e)
    {
        var columns = a.Length / Math.Max(1, e.Length);
        var scaled = new float[a.Length];
        for (var i = 0; i < scaled.Length; i++) scaled[i] = e[i / columns] * a[i];
        return scaled;
    }
}
