using Coppice.Foundation;
using Coppice.Tensors;

namespace Coppice.Training.Optimizers;

/// <summary>Scales all gradients down together where their norm is above a bound.</summary>
[Technique("clip", Title = "On the difficulty of training recurrent neural networks", Paper = "arXiv:1211.5063")]
public sealed class ClipByGlobalNorm : GradientTransform
{
    private readonly double _bound;
    private float _factor = 1;

    /// <summary>Clips.</summary>
    /// <param name="bound">The largest norm that is left as it is.</param>
    public ClipByGlobalNorm(double bound)
    {
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(bound);
        _bound = bound;
    }

    /// <inheritdoc/>
    public override void Prepare(UpdateStep step) => _factor = step.GradientNorm > _bound ? (float)(_bound / (step.GradientNorm + 1e-6)) : 1;

    /// <inheritdoc/>
    public override void Update(UpdateStep step, long start, int count)
    {
        if (_factor != 1) step.Updates.Scale(_factor, start, count);
    }
}
