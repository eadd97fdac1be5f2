using Coppice.Foundation;
using Coppice.Tensors;
using Coppice.Training.Optimizers;

namespace Coppice.Adapters.Masks;

/// <summary>At each step keeps a share of each tensor: the coordinates whose gradients, summed over the step's micro-batches, are largest.</summary>
public sealed class LargestGradients : GradientTransform
{
    private readonly double _share;
    private readonly bool _strict;
    private readonly Parameter[][] _tensors;
    private readonly CoordinateMask _mask;

    /// <summary>Takes the sizes of the tensors.</summary>
    /// <param name="parameters">What is trained.</param>
    /// <param name="share">The share of each tensor that is kept, rounded up; 1 keeps everything.</param>
    /// <param name="strict">Whether what is not kept stays as it is; otherwise its gradient is 0, and what momentum and weight decay make of that moves it.</param>
    /// <exception cref="CoppiceException">The share is not above 0, or above 1 (exit code 2).</exception>
    public LargestGradients(ParameterSet parameters, double share, bool strict)
    {
        if (!(share > 0 && share <= 1)) throw CoppiceException.Usage(FormattableString.Invariant($"gmt keeps a share above 0, and 1 at most, of each tensor: not {share}"));
        (_share, _strict) = (share, strict);
        _tensors = [.. parameters.Parameters.Select(parameter => new[] { parameter })];
        _mask = new CoordinateMask(parameters.Values.Count);
    }

    /// <summary>How many coordinates of a tensor are kept.</summary>
    /// <param name="count">Its size.</param>
    public long Kept(long count) => (long)Math.Ceiling(_share * count);

    /// <summary>Chooses, and sets the gradients of the others to 0 where the mask is not strict.</summary>
    /// <inheritdoc/>
    public override void Prepare(UpdateStep step)
    {
        if (_share == 1) return;
        _mask.Clear();
        foreach (var tensor in _tensors) _mask.AddLargest(step.Updates, tensor, Kept(tensor[0].Count));
        if (!_strict) _mask.Erase(step.Updates, 0, step.Updates.Count);
    }

    /// <inheritdoc/>
    public override void Update(UpdateStep step, long start, int count)
    {
        if (_strict && _share < 1) _mask.Erase(step.Updates, start, count);
    }
}
