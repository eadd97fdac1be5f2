using Coppice.Tensors;

namespace Coppice.Models;

/// <summary>A matrix in 8 or 4 bits, with or without a bias in float32. Gradients flow through it; the matrix itself has none.</summary>
public sealed class QuantizedProjection : Projection
{
    /// <summary>Takes a matrix and its bias.</summary>
    /// <param name="name">The name.</param>
    /// <param name="weight">[outputs, inputs].</param>
    /// <param name="bias">[outputs] or null.</param>
    public QuantizedProjection(string name, QuantizedMatrix weight, Tensor? bias)
        : base(name, weight.Columns, weight.Rows) => (Weight, Bias) = (weight, bias);

    /// <summary>The weight [outputs, inputs].</summary>
    public QuantizedMatrix Weight { get; }

    /// <summary>The bias [outputs], or null.</summary>
    public Tensor? Bias { get; }

    /// <inheritdoc/>
    public override Tensor Forward(Tape tape, Tensor x, Tensor? residual = null) => tape.Linear(x, Weight, Bias, residual);
}
