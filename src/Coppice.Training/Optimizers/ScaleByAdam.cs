using Coppice.Foundation;
using Coppice.Tensors;

namespace Coppice.Training.Optimizers;

/// <summary>Divides the running mean of the gradient by the root of the running mean of its square, both corrected for their start at zero.</summary>
[Technique("adam", Title = "Adam: A Method for Stochastic Optimization", Paper = "arXiv:1412.6980")]
[Technique("amsgrad", Title = "On the Convergence of Adam and Beyond", Paper = "arXiv:1904.09237")]
public sealed class ScaleByAdam : GradientTransform
{
    private readonly float _beta1;
    private readonly float _beta2;
    private readonly float _epsilon;
    private readonly FlatBuffer _first;
    private readonly FlatBuffer _second;
    private readonly FlatBuffer? _largest;

    /// <summary>Allocates the moments.</summary>
    /// <param name="parameters">The parameters.</param>
    /// <param name="beta1">Decay of the mean.</param>
    /// <param name="beta2">Decay of the mean square.</param>
    /// <param name="epsilon">Added to the root.</param>
    /// <param name="amsgrad">Divide by the largest mean square so far.</param>
    public ScaleByAdam(ParameterSet parameters, double beta1, double beta2, double epsilon, bool amsgrad = false)
    {
        (_beta1, _beta2, _epsilon) = ((float)beta1, (float)beta2, (float)epsilon);
        _first = new FlatBuffer(parameters.Backend, parameters.Values.Count);
        _second = new FlatBuffer(parameters.Backend, parameters.Values.Count);
        if (amsgrad) _largest = new FlatBuffer(parameters.Backend, parameters.Values.Count);
    }

    /// <inheritdoc/>
    public override IEnumerable<(string Name, FlatBuffer Buffer)> State =>
        _largest is null ? [("adam.first", _first), ("adam.second", _second)] : [("adam.first", _first), ("adam.second", _second), ("adam.largest", _largest)];

    /// <inheritdoc/>
    public override void Update(UpdateStep step, long start, int count) =>
        step.Updates.Adam(_first, _second, _largest, _beta1, _beta2, _epsilon, step.Number, start, count);
}
