using Coppice.Tensors;

namespace Coppice.Models;

/// <summary>A matrix in 8 or 4 bits, with or without a bias in float32. For running a model: no gradient flows through it.</summary>
public sealed class QuantizedProjection : Projection
{
    private readonly QuantizedMatrix _weight;
    private readonly Tensor? _bias;

    /// <summary>Takes a matrix and its bias.</summary>
    /// <param name="name">The name.</param>
    /// <param name="weight">[outputs, inputs].</param>
    /// <param name="bias">[outputs] or null.</param>
    public QuantizedProjection(string name, QuantizedMatrix weight, Tensor? bias)
        : base(name, weight.Columns, weight.Rows) => (_weight, _bias) = (weight, bias);

    /// <inheritdoc/>
    public override Tensor Forward(Tape tape, Tensor x, Tensor? residual = null) => tape.Linear(x, _weight, _bias, residual);
}
