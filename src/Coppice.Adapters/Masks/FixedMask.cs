using Coppice.Training.Optimizers;

namespace Coppice.Adapters.Masks;

/// <summary>
/// Lets the coordinates of a mask move and no others: the chain's last link, behind momentum and weight decay, which would move the others even where their gradients
/// are 0. What <see cref="OptimizerRegistry.Create"/> takes as its mask.
/// </summary>
/// <param name="mask">What moves.</param>
public sealed class FixedMask(CoordinateMask mask) : GradientTransform
{
    /// <inheritdoc/>
    public override void Update(UpdateStep step, long start, int count) => mask.Erase(step.Updates, start, count);
}
