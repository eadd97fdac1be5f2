using Coppice.Tensors;

namespace Coppice.Training.Optimizers;

/// <summary>A chain of transforms over a set of parameters.</summary>
public sealed class OptimizerChain : IDisposable
{
    private readonly GradientTransform[] _transforms;
    private readonly UpdateStep _step;
    private readonly Action<long, int> _block;

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

    /// <summary>Updates done so far: what Adam's corrections count. Part of a checkpoint.</summary>
    public long Updates
    {
        get => _step.Number;
        set => _step.Number = value;
    }

    /// <summary>The state of all links, by name.</summary>
    public IEnumerable<(string Name, FlatBuffer Buffer)> State => _transforms.SelectMany(transform => transform.State);

    /// <summary>The averaged weights, where a link keeps them.</summary>
    public FlatBuffer? AverageWeights => _transforms.OfType<WeightAverage>().FirstOrDefault()?.Average;

    /// <summary>Turns the gradients into updates and adds them to the parameters. The gradients are used up.</summary>
    /// <param name="learningRate">The learning rate of the step.</param>
    /// <param name="gradientNorm">The norm of all gradients together.</param>
    public void Step(double learningRate, double gradientNorm)
    {
        _step.Number++;
        _step.LearningRate = (float)learningRate;
        _step.GradientNorm = gradientNorm;
        foreach (var transform in _transforms) transform.Prepare(_step);
        _step.Parameters.Backend.ForEachUpdateBlock(_step.Updates.Count, _block);
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        foreach (var transform in _transforms) transform.Dispose();
    }

    private void UpdateBlock(long start, int count)
    {
        foreach (var transform in _transforms) transform.Update(_step, start, count);
        _step.Parameters.Values.ScaleAdd(1, _step.Updates, 1, start, count);
        foreach (var transform in _transforms) transform.Applied(_step, start, count);
    }
}
