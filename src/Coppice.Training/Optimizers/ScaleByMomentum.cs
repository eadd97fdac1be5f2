using Coppice.Foundation;
using Coppice.Tensors;

namespace Coppice.Training.Optimizers;

/// <summary>Replaces the gradient by a decaying sum of gradients, plain or with Nesterov's look ahead.</summary>
[Technique("nesterov", Title = "On the importance of initialization and momentum in deep learning", Paper = "pmlr:v28/sutskever13")]
public sealed class ScaleByMomentum : GradientTransform
{
    private readonly float _momentum;
    private readonly bool _nesterov;
    private readonly FlatBuffer _velocity;

    /// <summary>Allocates the running sum.</summary>
    /// <param name="parameters">The parameters.</param>
    /// <param name="momentum">Its decay.</param>
    /// <param name="nesterov">Look ahead.</param>
    public ScaleByMomentum(ParameterSet parameters, double momentum, bool nesterov)
    {
        (_momentum, _nesterov) = ((float)momentum, nesterov);
        _velocity = new FlatBuffer(parameters.Backend, parameters.Values.Count);
    }

    /// <inheritdoc/>
    public override IEnumerable<(string Name, FlatBuffer Buffer)> State => [("momentum.velocity", _velocity)];

    /// <inheritdoc/>
    public override void Update(UpdateStep step, long start, int count) => step.Updates.Momentum(_velocity, _momentum, _nesterov, start, count);
}
