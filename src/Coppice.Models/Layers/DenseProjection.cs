using Coppice.Tensors;

namespace Coppice.Models;

/// <summary>A matrix of float32 values, with or without bias.</summary>
public sealed class DenseProjection : Projection
{
    /// <summary>Takes weight and bias from a set of parameters.</summary>
    /// <param name="parameters">Holds <c>name.weight</c>, and <c>name.bias</c> where there is one.</param>
    /// <param name="name">The name.</param>
    /// <param name="layout">How the weight lies in memory.</param>
    public DenseProjection(ParameterSet parameters, string name, WeightLayout layout = WeightLayout.OutputsByInputs)
        : base(name, Size(parameters, name, layout, inputs: true), Size(parameters, name, layout, inputs: false))
    {
        Weight = parameters[name + ".weight"];
        Bias = parameters.TryGet(name + ".bias", out var bias) ? bias : null;
        Layout = layout;
    }

    /// <summary>The weight: [outputs, inputs] or [inputs, outputs], as <see cref="Layout"/> says.</summary>
    public Parameter Weight { get; }

    /// <summary>The bias [outputs], or null.</summary>
    public Parameter? Bias { get; }

    /// <summary>How the weight lies in memory.</summary>
    public WeightLayout Layout { get; }

    /// <inheritdoc/>
    public override Tensor Forward(Tape tape, Tensor x, Tensor? residual = null) => tape.Linear(x, Weight.Tensor, Bias?.Tensor, residual, Layout);

    private static int Size(ParameterSet parameters, string name, WeightLayout layout, bool inputs) =>
        parameters[name + ".weight"].Shape[(layout == WeightLayout.OutputsByInputs) == inputs ? 1 : 0];
}
