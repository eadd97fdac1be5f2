using Coppice.Foundation;
using Coppice.Tensors;

namespace Coppice.Training.Optimizers;

/// <summary>
/// Adds a multiple of the weights to the update. Behind Adam and before the learning rate this is AdamW's decoupled decay; before momentum it is
/// the classic L2 penalty.
/// </summary>
[Technique("adamw", Title = "Decoupled Weight Decay Regularization", Paper = "arXiv:1711.05101")]
public sealed class AddDecayedWeights : GradientTransform
{
    private readonly float _decay;
    private readonly bool _vectors;

    /// <summary>Decays.</summary>
    /// <param name="decay">The factor.</param>
    /// <param name="vectors">Whether biases and norms decay too; matrices always do.</param>
    public AddDecayedWeights(double decay, bool vectors = false) => (_decay, _vectors) = ((float)decay, vectors);

    /// <inheritdoc/>
    public override void Update(UpdateStep step, long start, int count)
    {
        var end = _vectors ? start + count : Math.Min(start + count, step.Parameters.MatrixCount);
        if (end > start) step.Updates.ScaleAdd(1, step.Parameters.Values, _decay, start, end - start);
    }
}
