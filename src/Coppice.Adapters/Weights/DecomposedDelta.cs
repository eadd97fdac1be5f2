using Coppice.Models;
using Coppice.Tensors;

namespace Coppice.Adapters;

/// <summary>
/// V = W + s · B · A, W'ᵢ = mᵢ · Vᵢ / ‖Vᵢ‖ for each row i. The norm counts as a constant in the backward pass, as in the paper. Shapes: T rows, N inputs, M outputs, R rank.
/// </summary>
/// <param name="a">[R, N].</param>
/// <param name="b">[M, R].</param>
/// <param name="magnitude">m [M].</param>
/// <param name="scale">s.</param>
/// <param name="squaredNorms">‖Wᵢ‖² [M].</param>
/// <param name="dropout">The share of x that only W itself sees in training.</param>
internal sealed class DecomposedDelta(Parameter a, Parameter b, Parameter magnitude, double scale, double[] squaredNorms, double dropout = 0) : WeightDelta
{
    private readonly int _rank = a.Shape[0];
    private readonly float[] _a_RR = new float[a.Shape[0] * a.Shape[0]];
    private readonly float[] _wa_RM = new float[a.Shape[0] * b.Shape[0]];
    private readonly float[] _b_MR = new float[b.Count];
    private readonly float[] _inverse_M = new float[b.Shape[0]];

    /// <inheritdoc/>
    public override Tensor Forward(Tape tape, Projection own, Tensor x, Tensor? residual)
    {
        var factor_M = tape.Multiply(magnitude.Tensor, InverseNorms(tape, own));
        var seen_TN = tape.Dropout(x, (float)dropout, tape.Training);
        var product_TM = BaseWeight.Product(tape, own, seen_TN);
        if (seen_TN != x)
        {
            // What was not dropped: x · Wᵀ without its part that the factor belongs to.
            var rest_TM = tape.Add(BaseWeight.Product(tape, own, x), tape.Scale(product_TM, -1));
            residual = residual is null ? rest_TM : tape.Add(rest_TM, residual);
        }

        return tape.ScaleColumns(LowRankDelta.Add(tape, seen_TN, a, b, scale, product_TM), factor_M, BaseWeight.Bias(own), residual);
    }

    /// <inheritdoc/>
    public override void Merge(MergedWeight weight)
    {
        weight.AddProduct(b.Tensor.ToArray(), a.Tensor.ToArray(), scale);
        var magnitudes = magnitude.Tensor.ToArray();
        for (var row = 0; row < weight.Outputs; row++)
        {
            var norm = Math.Sqrt(SquaredNorm(weight.Weight.AsSpan(row * weight.Inputs, weight.Inputs)));
            weight.ScaleRow(row, norm == 0 ? 0 : magnitudes[row] / norm);
        }
    }

    internal static double SquaredNorm(ReadOnlySpan<float> row)
    {
        var sum = 0.0;
        foreach (var value in row) sum += (double)value * value;
        return sum;
    }

    /// <summary>
    /// 1 / ‖Vᵢ‖ without ever forming V: ‖Vᵢ‖² = ‖Wᵢ‖² + 2 s Bᵢ · (A Wᵢ) + s² Bᵢ (A Aᵀ) Bᵢᵀ. A product with the weight, R rows of it, is all that it takes.
    /// </summary>
    private Tensor InverseNorms(Tape tape, Projection own)
    {
        var recording = tape.Recording;
        tape.Recording = false;
        BaseWeight.Product(tape, own, a.Tensor).CopyTo(_wa_RM);
        tape.Linear(a.Tensor, a.Tensor).CopyTo(_a_RR);
        tape.Recording = recording;
        b.Tensor.CopyTo(_b_MR);
        var outputs = _inverse_M.Length;
        for (var row = 0; row < outputs; row++)
        {
            var (cross, square) = (0.0, 0.0);
            for (var k = 0; k < _rank; k++)
            {
                double left = _b_MR[row * _rank + k];
                cross += left * _wa_RM[k * outputs + row];
                for (var l = 0; l < _rank; l++) square += left * _a_RR[k * _rank + l] * _b_MR[row * _rank + l];
            }

            // A row without a direction stays nothing.
            var squared = squaredNorms[row] + 2 * scale * cross + scale * scale * square;
            _inverse_M[row] = squared <= 0 ? 0 : (float)(1 / Math.Sqrt(squared));
        }

        return tape.Constant(new Shape(outputs), _inverse_M);
    }
}
