using Coppice.Training.Optimizers;
using Coppice.Training.Regularisers;

namespace Coppice.Adapters.Methods;

/// <summary>
/// What training with a method takes beside descending: most methods take nothing. State that outlives a step is the transform's, so that the checkpoint of an
/// optimizer holds it.
/// </summary>
/// <param name="Transform">The last link of the optimizer's chain: what <see cref="OptimizerRegistry.Create"/> takes as its mask. Null for none.</param>
/// <param name="Penalty">What is added to the loss. Null for none.</param>
/// <param name="Cycle">Steps in a row that have the same learning rate.</param>
public sealed record AdapterTraining(GradientTransform? Transform, IRegulariser? Penalty, int Cycle = 1)
{
    /// <summary>Nothing.</summary>
    public static AdapterTraining None { get; } = new(null, null);
}
