using Coppice.Models;
using Coppice.Tensors;

namespace Coppice.Adapters;

/// <summary>W' = W + s · (B · A - B₀ · A₀), where B₀ and A₀ are what the factors began as if they did not begin as nothing. Shapes: T rows, N inputs, M outputs, R rank.</summary>
/// <param name="a">[R, N].</param>
/// <param name="b">[M, R].</param>
/// <param name="scale">s.</param>
/// <param name="initial">The first factors, frozen; null where their product was 0.</param>
internal sealed class LowRankDelta(Parameter a, Parameter b, double scale, (Parameter A, Parameter B)? initial = null) : WeightDelta
{
    /// <inheritdoc/>
    public override bool IsLinear => true;

    /// <inheritdoc/>
    public override Tensor Forward(Tape tape, Projection own, Tensor x, Tensor? residual)
    {
        var y_TM = own.Forward(tape, x, residual);
        if (initial is { } first) y_TM = Add(tape, x, first.A, first.B, -scale * Strength, y_TM);
        return Add(tape, x, a, b, scale * Strength, y_TM);
    }

    /// <inheritdoc/>
    public override void Merge(MergedWeight weight)
    {
        if (initial is { } first) weight.AddProduct(first.B.Tensor.ToArray(), first.A.Tensor.ToArray(), -scale * Strength);
        weight.AddProduct(b.Tensor.ToArray(), a.Tensor.ToArray(), scale * Strength);
    }

    /// <summary>y + s · (x · Aᵀ) · Bᵀ, added as the second product is written.</summary>
    internal static Tensor Add(Tape tape, Tensor x, Parameter a, Parameter b, double scale, Tensor y)
    {
        var inner_TR = tape.Linear(x, a.Tensor);
        if (scale != 1) inner_TR = tape.Scale(inner_TR, (float)scale);
        return tape.Linear(inner_TR, b.Tensor, residual: y);
    }
}
