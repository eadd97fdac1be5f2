using Coppice.Foundation;
using Coppice.Tensors;

namespace Coppice.Training.Optimizers;

/// <summary>An exponential moving average of the weights along the run, beside them. It begins as the weights that it is made with.</summary>
[Technique("ema", Title = "Acceleration of Stochastic Approximation by Averaging", Paper = "doi:10.1137/0330046")]
public sealed class WeightAverage : GradientTransform
{
    private readonly float _decay;

    /// <summary>Allocates the average.</summary>
    /// <param name="parameters">The parameters, with their initial values.</param>
    /// <param name="decay">How much of the average a step keeps.</param>
    public WeightAverage(ParameterSet parameters, double decay)
    {
        _decay = (float)decay;
        Average = new FlatBuffer(parameters.Backend, parameters.Values.Count);
        Average.CopyFrom(parameters.Values);
    }

    /// <summary>The averaged weights, laid out as the parameters.</summary>
    public FlatBuffer Average { get; }

    /// <inheritdoc/>
    public override IEnumerable<(string Name, FlatBuffer Buffer)> State => [("ema.average", Average)];

    /// <inheritdoc/>
    public override void Applied(UpdateStep step, long start, int count) => Average.ScaleAdd(_decay, step.Parameters.Values, 1 - _decay, start, count);
}
