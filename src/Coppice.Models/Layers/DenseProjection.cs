using Coppice.Tensors;

namespace Coppice.Models;

/// <summary>A matrix of float32 values, with or without bias.</summary>
public sealed class DenseProjection : Projection
{
    private readonly Tensor _weight;
    private readonly Tensor? _bias;
    private readonly WeightLayout _layout;

    /// <summary>Takes weight and bias from a set of parameters.</summary>
    /// <param name="parameters">Holds <c>name.weight</c>, and <c>name.bias</c> where there is one.</param>
    /// <param name="name">The name.</param>
    /// <param name="layout">How the weight lies in memory.</param>
    public DenseProjection(ParameterSet parameters, string name, WeightLayout layout = WeightLayout.OutputsByInputs)
        : base(name, Size(parameters, name, layout, inputs: true), Size(parameters, name, layout, inputs: false))
    {
        _weight = parameters[name + ".weight"].Tensor;
        _bias = parameters.TryGet(name + ".bias", out var bias) ? bias.Tensor : null;
        _layout = layout;
    }

    /// <inheritdoc/>
    public override Tensor Forward(Tape tape, Tensor x, Tensor? residual = null) => tape.Linear(x, _weight, _bias, residual, _layout);

    private static int Size(ParameterSet parameters, string name, WeightLayout layout, bool inputs) =>
        parameters[name + ".weight"].Shape[(layout == WeightLayout.OutputsByInputs) == inputs ? 1 : 0];
}
