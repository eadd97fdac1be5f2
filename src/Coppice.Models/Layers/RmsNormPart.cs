using Coppice.Tensors;

namespace Coppice.Models;

/// <summary>An RMSNorm.</summary>
/// <param name="parameters">Holds <c>name.weight</c>.</param>
/// <param name="name">The name.</param>
/// <param name="epsilon">Added to the mean square.</param>
/// <param name="aboveOne">Whether the parameter is what is added to a weight of one (Gemma), so that weight decay pulls it to one.</param>
internal sealed class RmsNormPart(ParameterSet parameters, string name, float epsilon, bool aboveOne)
{
    private readonly Tensor _weight = parameters[name + ".weight"].Tensor;
    private readonly float[]? _ones = aboveOne ? Enumerable.Repeat(1f, parameters[name + ".weight"].Shape.Columns).ToArray() : null;

    /// <summary>The norm of each row, or of each head of it.</summary>
    public Tensor Forward(Tape tape, Tensor x) =>
        tape.RmsNorm(x, _ones is null ? _weight : tape.Add(_weight, tape.Constant(_weight.Shape, _ones)), epsilon);
}
