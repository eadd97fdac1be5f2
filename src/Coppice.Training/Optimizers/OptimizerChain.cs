using Coppice.Tensors;

namespace Coppice.Training.Optimizers;

/// <summary>A chain of transforms over a set of parameters.</summary>
public sealed class OptimizerChain : IDisposable
{
    private readonly GradientTransform[] _transforms;
    private readonly UpdateStep _step;
    private readonly Action<long, int> _block;
    private long _offset;

    /// <summary>Builds a chain.</summary>
    /// <param name="parameters">Trainable parameters.</param>
    /// <param name="transforms">The links, first to last. The last one leaves what is to be added to the parameters.</param>
    public OptimizerChain(ParameterSet parameters, IReadOnlyList<GradientTransform> transforms)
    {
        if (parameters.Gradients is null) throw new ArgumentException("Frozen parameters have no optimizer.", nameof(parameters));
        _transforms = [.. transforms];
        _step = new UpdateStep(parameters);
        _block = UpdateBlock;
    }

    /// <summary>Updates done so far: what Adam's corrections count where each changes everything. Part of a checkpoint.</summary>
    public long Updates { get; set; }

    /// <summary>The state of all links, by name.</summary>
    public IEnumerable<(string Name, FlatBuffer Buffer)> State => _transforms.SelectMany(transform => transform.State);

    /// <summary>The averaged weights, where a link keeps them.</summary>
    public FlatBuffer? AverageWeights => _transforms.OfType<WeightAverage>().FirstOrDefault()?.Average;

    /// <summary>Begins a step, before its gradients are computed.</summary>
    /// <param name="number">The number of the step in the run, from 0.</param>
    public void Begin(long number)
    {
        foreach (var transform in _transforms) transform.Begin(_step, number);
    }

    /// <summary>Turns the gradients into updates and adds them to the parameters. The gradients are used up.</summary>
    /// <param name="learningRate">The learning rate of the step.</param>
    /// <param name="gradientNorm">The norm of all gradients together.</param>
    public void Step(double learningRate, double gradientNorm)
    {
        Updates++;
        _step.Number = _step.Ranges is null ? Updates : _step.UpdatesOfRanges + 1;
        _step.LearningRate = (float)learningRate;
        _step.GradientNorm = gradientNorm;
        foreach (var transform in _transforms) transform.Prepare(_step);
        var backend = _step.Parameters.Backend;
        if (_step.Ranges is not { } ranges)
        {
            backend.ForEachUpdateBlock(_step.Updates.Count, _block);
            return;
        }

        foreach (var (start, end) in ranges)
        {
            _offset = start;
            backend.ForEachUpdateBlock(end - start, _block);
        }
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        foreach (var transform in _transforms) transform.Dispose();
    }

    private void UpdateBlock(long start, int count)
    {
        start += _offset;
        foreach (var transform in _transforms) transform.Update(_step, start, count);
        _step.Parameters.Values.ScaleAdd(1, _step.Updates, 1, start, count);
        foreach (var transform in _transforms) transform.Applied(_step, start, count);
    }
}
