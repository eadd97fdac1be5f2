using Coppice.Foundation;
using Coppice.Tensors;

namespace Coppice.Continual.Surgery.Averages;

/// <summary>The mean of the latest k weights that were added: from the oldest to the newest, in double precision, rounded once.</summary>
[Technique("lawa", Title = "Stop Wasting My Time! Saving Days of ImageNet and BERT Training with Latest Weight Averaging", Paper = "arXiv:2209.14981")]
public sealed class LatestWeightAverage : IRunAverage
{
    private readonly Queue<float[]> _latest = new();
    private readonly long _values;
    private readonly int _window;

    /// <summary>A mean of nothing so far.</summary>
    /// <param name="values">The number of values of a set of weights.</param>
    /// <param name="window">k: how many sets are averaged, and held.</param>
    public LatestWeightAverage(long values, int window = 5)
    {
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(window);
        (_values, _window) = (values, window);
    }

    /// <inheritdoc/>
    public long Count => _latest.Count;

    /// <inheritdoc/>
    public void Add(FlatBuffer weights)
    {
        Check(weights);
        var place = _latest.Count == _window ? _latest.Dequeue() : new float[_values];
        weights.CopyTo(0, place);
        _latest.Enqueue(place);
    }

    /// <inheritdoc/>
    public void CopyTo(FlatBuffer destination)
    {
        Check(destination);
        if (_latest.Count == 0) throw new InvalidOperationException("There are no weights to average.");
        var mean = new float[_values];
        for (var i = 0; i < mean.Length; i++)
        {
            var sum = 0.0;
            foreach (var weights in _latest) sum += weights[i];
            mean[i] = (float)(sum / _latest.Count);
        }

        destination.CopyFrom(mean, 0);
    }

    private void Check(FlatBuffer weights)
    {
        if (weights.Count != _values) throw new ArgumentException($"{weights.Count} values for an average of {_values}.", nameof(weights));
    }
}
