using Coppice.Tensors;

namespace Coppice.Training.Optimizers;

/// <summary>What a transform sees of an optimizer step.</summary>
public sealed class UpdateStep
{
    internal UpdateStep(ParameterSet parameters) => Parameters = parameters;

    /// <summary>The parameters.</summary>
    public ParameterSet Parameters { get; }

    /// <summary>The gradients, which the chain turns into what is added to the parameters; laid out as they are.</summary>
    public FlatBuffer Updates => Parameters.Gradients!;

    /// <summary>The number of the update, from 1: of what the step changes, where that is not everything. Skipped steps have none.</summary>
    public long Number { get; internal set; }

    /// <summary>The learning rate of the step.</summary>
    public float LearningRate { get; internal set; }

    /// <summary>The norm of all gradients together, before the chain.</summary>
    public double GradientNorm { get; internal set; }

    /// <summary>The ranges of the flat buffers that the step changes, from a first value to one behind the last; null for everything.</summary>
    public IReadOnlyList<(long Start, long End)>? Ranges { get; private set; }

    /// <summary>Lets the next step change some ranges alone: parameters, state of all links and decay elsewhere stay as they are, as if there were no step.</summary>
    /// <param name="ranges">The ranges: they begin at multiples of 16, as parameters do, and don't overlap.</param>
    /// <param name="updates">How many updates these have had before: what Adam's corrections count.</param>
    public void Restrict(IReadOnlyList<(long Start, long End)> ranges, long updates) => (Ranges, UpdatesOfRanges) = (ranges, updates);

    /// <summary>How many updates the ranges have had before the step.</summary>
    internal long UpdatesOfRanges { get; private set; }
}

/// <summary>
/// One link of the chain from raw gradients to an update, as in optax. Links that work element by element do so block by block, one after the other
/// on a block that stays in the cache, so that a chain of any length is one pass over memory; links that need more than an element
/// (a whole matrix, say) do their work in <see cref="Prepare"/>.
/// </summary>
public abstract class GradientTransform : IDisposable
{
    /// <summary>State that outlives the step, by name: part of a checkpoint. Buffers are laid out as the parameters.</summary>
    public virtual IEnumerable<(string Name, FlatBuffer Buffer)> State => [];

    /// <summary>Begins a step, before its gradients are computed: which parameters have any, and what the step changes.</summary>
    /// <param name="update">The step that is coming.</param>
    /// <param name="number">The number of the step in the run, from 0; skipped steps have one too.</param>
    public virtual void Begin(UpdateStep update, long number)
    {
    }

    /// <summary>Looks at the whole step before the blocks are done.</summary>
    /// <param name="step">The step.</param>
    public virtual void Prepare(UpdateStep step)
    {
    }

    /// <summary>Changes a block of the updates, and its own state there; touches nothing outside the block. Runs on several threads at once.</summary>
    /// <param name="step">The step.</param>
    /// <param name="start">First value of the block.</param>
    /// <param name="count">Length of the block.</param>
    public virtual void Update(UpdateStep step, long start, int count)
    {
    }

    /// <summary>Sees a block after the updates were added to the parameters.</summary>
    /// <param name="step">The step.</param>
    /// <param name="start">First value of the block.</param>
    /// <param name="count">Length of the block.</param>
    public virtual void Applied(UpdateStep step, long start, int count)
    {
    }

    /// <summary>Frees the state.</summary>
    public void Dispose()
    {
        foreach (var (_, buffer) in State) buffer.Dispose();
        GC.SuppressFinalize(this);
    }
}
