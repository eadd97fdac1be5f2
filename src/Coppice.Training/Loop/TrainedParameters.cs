using Coppice.Tensors;
using Coppice.Training.Optimizers;

namespace Coppice.Training.Loop;

/// <summary>A set of parameters that a <see cref="Trainer"/> changes, and how: the model's own, an adapter's, a head's.</summary>
/// <param name="Parameters">The parameters, with gradients.</param>
/// <param name="Optimizer">Their chain of gradient transforms; disposed with the trainer.</param>
/// <param name="RateFactor">Multiplies the learning rate: a new head learns faster than what lies below it should.</param>
public sealed record TrainedParameters(ParameterSet Parameters, OptimizerChain Optimizer, double RateFactor = 1);
