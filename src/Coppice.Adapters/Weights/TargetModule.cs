using Coppice.Models;
using Coppice.Tensors;

namespace Coppice.Adapters;

/// <summary>A projection that an adapter changes, with the size that the adapter has there.</summary>
/// <param name="Slot">Its place in the model.</param>
/// <param name="Rank">The rank there.</param>
/// <param name="Alpha">The alpha there.</param>
/// <param name="ScalesInput">Of (IA)3: whether its input is scaled instead of its output.</param>
public sealed record TargetModule(ProjectionSlot Slot, int Rank, double Alpha, bool ScalesInput)
{
    /// <summary>Its path.</summary>
    public string Name => Slot.Name;

    /// <summary>Width of its input.</summary>
    public int Inputs => Slot.Inputs;

    /// <summary>Width of its output.</summary>
    public int Outputs => Slot.Outputs;

    /// <summary>The model's own projection as float32, or null where it is quantised.</summary>
    internal DenseProjection? Dense => Slot.Own as DenseProjection;

    /// <summary>The weight [outputs, inputs], whatever way it lies in memory; null where it is quantised.</summary>
    internal float[]? ReadWeight()
    {
        if (Dense is not { } dense) return null;
        var values = dense.Weight.Tensor.ToArray();
        return dense.Layout == WeightLayout.OutputsByInputs ? values : Transposed(values, Inputs, Outputs);
    }

    /// <summary>The transpose of a matrix.</summary>
    internal static float[] Transposed(float[] values, int rows, int columns)
    {
        var transposed = new float[values.Length];
        for (var row = 0; row < rows; row++)
        {
            for (var column = 0; column < columns; column++) transposed[column * rows + row] = values[row * columns + column];
        }

        return transposed;
    }
}
