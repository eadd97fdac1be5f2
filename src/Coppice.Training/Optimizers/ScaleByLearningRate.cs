using Coppice.Tensors;

namespace Coppice.Training.Optimizers;

/// <summary>Multiplies the update by minus the learning rate: downhill.</summary>
public sealed class ScaleByLearningRate : GradientTransform
{
    /// <inheritdoc/>
    public override void Update(UpdateStep step, long start, int count) => step.Updates.Scale(-step.LearningRate, start, count);
}
