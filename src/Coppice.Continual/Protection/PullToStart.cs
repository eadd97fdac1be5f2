using Coppice.Foundation;
using Coppice.Tensors;
using Coppice.Training.Optimizers;
using Coppice.Training.Regularisers;

namespace Coppice.Continual.Protection;

/// <summary>
/// Penalises the distance from the weights that an update began with: (α/2) · ‖θ - θ₀‖², in the loss. Behind it Adam divides the pull by the
/// size of the gradients; <see cref="DecoupledPullToStart"/> is not divided.
/// </summary>
/// <param name="origin">θ₀, laid out as the parameters, such as the parent's own values; stays the caller's.</param>
/// <param name="strength">α.</param>
[Technique("l2-sp", Title = "Explicit Inductive Bias for Transfer Learning with Convolutional Networks", Paper = "arXiv:1802.01483")]
public sealed class PullToStart(FlatBuffer origin, double strength) : IRegulariser
{
    /// <inheritdoc/>
    public double AddGradient(ParameterSet parameters)
    {
        if (strength == 0) return 0;
        parameters.Gradients!.AddDifference((float)strength, null, parameters.Values, origin, 0, parameters.Values.Count);
        return strength / 2 * parameters.Values.SquaredDistance(origin);
    }

    /// <summary>Frees nothing: the origin is the caller's.</summary>
    public void Dispose()
    {
    }
}

/// <summary>
/// Moves the weights back to where an update began, θ ← θ - η · α · (θ - θ₀), as decoupled weight decay moves them to zero, in whose place it
/// goes: behind Adam and before the learning rate.
/// </summary>
/// <param name="origin">θ₀, laid out as the parameters, such as the parent's own values; stays the caller's.</param>
/// <param name="strength">α.</param>
[Technique("decoupled-l2-sp", Title = "Recall and Learn: Fine-tuning Deep Pretrained Language Models with Less Forgetting", Paper = "arXiv:2004.12651")]
public sealed class DecoupledPullToStart(FlatBuffer origin, double strength) : GradientTransform
{
    private readonly float _strength = (float)strength;

    /// <inheritdoc/>
    public override void Update(UpdateStep step, long start, int count) =>
        step.Updates.AddDifference(_strength, null, step.Parameters.Values, origin, start, count);
}
