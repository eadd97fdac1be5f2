using Coppice.Models;
using Coppice.Tensors;

namespace Coppice.Adapters;

/// <summary>W' = W + s · (B · A + S), where S has a few entries at fixed places. Shapes: T rows, N inputs, M outputs, R rank, K entries.</summary>
internal sealed class SparseLowRankDelta : WeightDelta
{
    private readonly Parameter _a;
    private readonly Parameter _b;
    private readonly Parameter _entries;
    private readonly double _scale;
    private readonly double _dropout;

    // S = P · diag(entries) · Q, where each row of Q and each column of P has a single one: products with them pick and place.
    private readonly float[] _pick_KN;
    private readonly float[] _place_MK;

    /// <summary>Takes its parts.</summary>
    /// <param name="a">[R, N].</param>
    /// <param name="b">[M, R].</param>
    /// <param name="entries">K values.</param>
    /// <param name="rows">The rows of S in which they stand [K].</param>
    /// <param name="columns">The columns [K].</param>
    /// <param name="scale">s.</param>
    /// <param name="dropout">The share of x that the change does not see in training.</param>
    public SparseLowRankDelta(Parameter a, Parameter b, Parameter entries, Parameter rows, Parameter columns, double scale, double dropout)
    {
        (_a, _b, _entries, _scale, _dropout) = (a, b, entries, scale, dropout);
        var (count, inputs, outputs) = (checked((int)entries.Count), a.Shape[1], b.Shape[0]);
        (_pick_KN, _place_MK) = (new float[count * inputs], new float[outputs * count]);
        (Rows, Columns) = (Places(rows, outputs), Places(columns, inputs));
        for (var k = 0; k < count; k++)
        {
            _pick_KN[k * inputs + Columns[k]] = 1;
            _place_MK[Rows[k] * count + k] = 1;
        }
    }

    /// <inheritdoc/>
    public override bool IsLinear => true;

    /// <summary>The rows of the entries.</summary>
    public int[] Rows { get; }

    /// <summary>The columns of the entries.</summary>
    public int[] Columns { get; }

    /// <inheritdoc/>
    public override Tensor Forward(Tape tape, Projection own, Tensor x, Tensor? residual)
    {
        var (count, scale) = (Rows.Length, _scale * Strength);
        var seen_TN = tape.Dropout(x, (float)_dropout, tape.Training);
        var y_TM = LowRankDelta.Add(tape, seen_TN, _a, _b, scale, own.Forward(tape, x, residual));
        var picked_TK = tape.ScaleColumns(tape.Linear(seen_TN, tape.Constant(new Shape(count, own.Inputs), _pick_KN)), _entries.Tensor);
        if (scale != 1) picked_TK = tape.Scale(picked_TK, (float)scale);
        return tape.Linear(picked_TK, tape.Constant(new Shape(own.Outputs, count), _place_MK), residual: y_TM);
    }

    /// <inheritdoc/>
    public override void Merge(MergedWeight weight)
    {
        weight.AddProduct(_b.Tensor.ToArray(), _a.Tensor.ToArray(), _scale * Strength);
        weight.AddProduct(_place_MK, ScaledPick(), _scale * Strength);
    }

    /// <summary>The factors of the whole change as those of a LoRA: B and P side by side [M, R + K], A above diag(entries) · Q [R + K, N].</summary>
    internal (float[] B, float[] A) Factors()
    {
        var (a, b, count) = (_a.Tensor.ToArray(), _b.Tensor.ToArray(), Rows.Length);
        var (rank, outputs) = (_a.Shape[0], _b.Shape[0]);
        var both = new float[outputs * (rank + count)];
        for (var row = 0; row < outputs; row++)
        {
            b.AsSpan(row * rank, rank).CopyTo(both.AsSpan(row * (rank + count)));
            _place_MK.AsSpan(row * count, count).CopyTo(both.AsSpan(row * (rank + count) + rank));
        }

        return (both, [.. a, .. ScaledPick()]);
    }

    private float[] ScaledPick() => SingularDelta.ScaledRows(_pick_KN, _entries.Tensor.ToArray());

    private static int[] Places(Parameter parameter, int below) => Array.ConvertAll(parameter.Tensor.ToArray(), value => value >= 0 && value < below && value == (int)value
        ? (int)value
        : throw new Foundation.CoppiceException($"'{parameter.Name}' holds {value.ToString(System.Globalization.CultureInfo.InvariantCulture)}, which is no place among {below}: the adapter is broken"));
}
