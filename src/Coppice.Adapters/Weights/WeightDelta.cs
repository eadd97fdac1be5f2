using Coppice.Models;
using Coppice.Tensors;

namespace Coppice.Adapters;

/// <summary>What an adapter makes of one weight of the base, however that is represented. It never changes the base.</summary>
public abstract class WeightDelta
{
    /// <summary>Whether the change of the output is a multiple of a factor, so that <see cref="Strength"/> can be other than 1.</summary>
    public virtual bool IsLinear => false;

    /// <summary>Multiplies the change of the output, where <see cref="IsLinear"/>.</summary>
    public float Strength { get; internal set; } = 1;

    /// <summary>y = x · W'ᵀ (+ bias') (+ residual), with the weight and bias that the adapter makes of the base's.</summary>
    /// <param name="tape">The tape.</param>
    /// <param name="own">The base.</param>
    /// <param name="x">[rows, inputs].</param>
    /// <param name="residual">Null, or [rows, outputs].</param>
    /// <returns>[rows, outputs].</returns>
    public abstract Tensor Forward(Tape tape, Projection own, Tensor x, Tensor? residual);

    /// <summary>Makes the base's weight and bias into those that do alone what base and adapter do together.</summary>
    /// <param name="weight">The base's.</param>
    public abstract void Merge(MergedWeight weight);
}

/// <summary>A weight and its bias in the program's own memory, on their way from the base's values to the merged ones.</summary>
/// <param name="Outputs">Rows.</param>
/// <param name="Inputs">Columns.</param>
/// <param name="Weight">[outputs, inputs].</param>
/// <param name="Bias">[outputs], or null.</param>
public sealed record MergedWeight(int Outputs, int Inputs, float[] Weight, float[]? Bias)
{
    /// <summary>weight += factor · B · A, each value summed in double precision and rounded once.</summary>
    /// <param name="b">[outputs, rank].</param>
    /// <param name="a">[rank, inputs].</param>
    /// <param name="factor">The factor.</param>
    public void AddProduct(float[] b, float[] a, double factor)
    {
        var rank = b.Length / Outputs;
        Parallel.For(0, Outputs, row =>
        {
            var sums = new double[Inputs];
            for (var k = 0; k < rank; k++)
            {
                var left = factor * b[row * rank + k];
                var right = a.AsSpan(k * Inputs, Inputs);
                for (var column = 0; column < sums.Length; column++) sums[column] += left * right[column];
            }

            var values = Weight.AsSpan(row * Inputs, Inputs);
            for (var column = 0; column < sums.Length; column++) values[column] = (float)(values[column] + sums[column]);
        });
    }

    /// <summary>Multiplies a row.</summary>
    /// <param name="row">Which.</param>
    /// <param name="factor">The factor.</param>
    public void ScaleRow(int row, double factor)
    {
        foreach (ref var value in Weight.AsSpan(row * Inputs, Inputs)) value = (float)(value * factor);
    }
}
