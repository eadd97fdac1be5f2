using Coppice.Foundation;
using Coppice.Tensors;

namespace Coppice.Continual.Surgery.Averages;

/// <summary>
/// The mean of all weights that were added, in double precision, rounded once when it is read. At a constant learning rate it does what a decay would
/// do, without one.
/// </summary>
/// <param name="values">The number of values of a set of weights.</param>
[Technique("running-mean", Title = "Averaging Weights Leads to Wider Optima and Better Generalization", Paper = "arXiv:1803.05407")]
public sealed class RunningMean(long values) : IRunAverage
{
    private readonly double[] _sums = new double[values];

    /// <inheritdoc/>
    public long Count { get; private set; }

    /// <inheritdoc/>
    public void Add(FlatBuffer weights)
    {
        Check(weights);
        var added = new float[_sums.Length];
        weights.CopyTo(0, added);
        for (var i = 0; i < added.Length; i++) _sums[i] += added[i];
        Count++;
    }

    /// <inheritdoc/>
    public void CopyTo(FlatBuffer destination)
    {
        Check(destination);
        if (Count == 0) throw new InvalidOperationException("There are no weights to average.");
        var mean = new float[_sums.Length];
        for (var i = 0; i < mean.Length; i++) mean[i] = (float)(_sums[i] / Count);
        destination.CopyFrom(mean, 0);
    }

    private void Check(FlatBuffer weights)
    {
        if (weights.Count != _sums.Length) throw new ArgumentException($"{weights.Count} values for an average of {_sums.Length}.", nameof(weights));
    }
}
