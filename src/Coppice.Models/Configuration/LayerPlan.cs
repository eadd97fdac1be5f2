using Coppice.Tensors;

namespace Coppice.Models;

/// <summary>The parameters of layers, in the order in which they are asked for. Biases are 0 at first, norms 1, matrices normally distributed.</summary>
/// <param name="plan">Takes the parameters.</param>
/// <param name="standardDeviation">Of the matrices' initial values.</param>
internal class LayerPlan(List<ParameterPlan> plan, double standardDeviation)
{
    /// <summary>A linear layer.</summary>
    public void Linear(string name, int inputs, int outputs, bool bias = true)
    {
        Matrix(name, outputs, inputs);
        if (bias) Zeros(name + ".bias", outputs);
    }

    /// <summary>A norm with bias.</summary>
    public void Norm(string name, int width)
    {
        plan.Add(new(name + ".weight", new Shape(width), Initial.Ones));
        Zeros(name + ".bias", width);
    }

    /// <summary>A matrix without bias.</summary>
    public void Matrix(string name, int rows, int columns) => plan.Add(new(name + ".weight", new Shape(rows, columns), Initial.Normal(standardDeviation)));

    /// <summary>A vector that begins as zeros.</summary>
    public void Zeros(string name, int width) => plan.Add(new(name, new Shape(width), Initial.Zeros));
}
