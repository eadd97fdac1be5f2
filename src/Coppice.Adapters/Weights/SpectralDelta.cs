using Coppice.Models;
using Coppice.Tensors;

namespace Coppice.Adapters;

/// <summary>
/// W' = W + U · M · Vᵀ, where U and V are the singular vectors of W and of M only some entries are other than 0. Shapes: T rows, N inputs, O outputs, K singular values.
/// </summary>
/// <param name="u">[O, K].</param>
/// <param name="v">[N, K].</param>
/// <param name="entries">The entries of M.</param>
/// <param name="places">Where they stand, row · K + column, ascending; null for the diagonal.</param>
internal sealed class SpectralDelta(Parameter u, Parameter v, Parameter entries, int[]? places) : WeightDelta
{
    // For each place of M the number of its entry; where it has none, that of a zero behind the last.
    private readonly int[]? _numbers_KK = places is null ? null : Numbers(places, u.Shape[1]);

    /// <inheritdoc/>
    public override bool IsLinear => true;

    /// <inheritdoc/>
    public override Tensor Forward(Tape tape, Projection own, Tensor x, Tensor? residual)
    {
        var inner_TK = tape.MatMul(x, v.Tensor);
        if (Strength != 1) inner_TK = tape.Scale(inner_TK, Strength);
        inner_TK = _numbers_KK is null ? tape.ScaleColumns(inner_TK, entries.Tensor) : tape.Linear(inner_TK, Matrix(tape, _numbers_KK));
        return tape.Linear(inner_TK, u.Tensor, residual: own.Forward(tape, x, residual));
    }

    /// <inheritdoc/>
    public override void Merge(MergedWeight weight)
    {
        var (left, right) = Factors();
        weight.AddProduct(left, right, Strength);
    }

    /// <summary>The factors of the change as those of a LoRA: U · M [O, K] and Vᵀ [K, N].</summary>
    internal (float[] B, float[] A) Factors()
    {
        var (values, left, width) = (entries.Tensor.ToArray(), u.Tensor.ToArray(), u.Shape[1]);
        var product = new double[left.Length];
        for (var e = 0; e < values.Length; e++)
        {
            var (row, column) = places is null ? (e, e) : Math.DivRem(places[e], width);
            for (var output = 0; output < left.Length; output += width) product[output + column] += (double)left[output + row] * values[e];
        }

        return (Array.ConvertAll(product, value => (float)value), TargetModule.Transposed(v.Tensor.ToArray(), v.Shape[0], width));
    }

    /// <summary>M [K, K]. Of an entry's gradient each place has its share; the zero has none.</summary>
    private Tensor Matrix(Tape tape, int[] numbers)
    {
        var width = u.Shape[1];
        var table = tape.ConcatenateRows(entries.Tensor, tape.Constant(new Shape(1, 1), [0f]));
        return tape.Reshape(tape.Embedding(tape.Integers(numbers), table), new Shape(width, width));
    }

    private static int[] Numbers(int[] places, int width)
    {
        var numbers = new int[width * width];
        Array.Fill(numbers, places.Length);
        for (var e = 0; e < places.Length; e++) numbers[places[e]] = e;
        return numbers;
    }
}
