using Coppice.Tensors;

namespace Coppice.Training.Regularisers;

/// <summary>What protects old ability on the weights themselves: a penalty, or an edit of the gradients of a step before they are clipped.</summary>
public interface IRegulariser : IDisposable
{
    /// <summary>Adds the gradient of the penalty to the gradients of a step (or edits them), and gives the penalty. Called once a step, after its micro-batches.</summary>
    /// <param name="parameters">The parameters with the step's gradients.</param>
    /// <returns>The penalty in nats; 0 where the gradients are edited without one.</returns>
    double AddGradient(ParameterSet parameters);
}
