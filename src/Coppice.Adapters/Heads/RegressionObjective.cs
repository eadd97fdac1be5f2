using Coppice.Corpus;
using Coppice.Models;
using Coppice.Tensors;

namespace Coppice.Adapters;

/// <summary>Numbers for documents: the mean squared error. The targets are <see cref="NumberTarget"/>s.</summary>
/// <remarks>A linear head on hidden states of the size of 1 learns numbers of that size fastest: bring larger ones there and back.</remarks>
public sealed class RegressionObjective : HeadObjective
{
    private readonly Pooling _pooling;

    /// <summary>An objective.</summary>
    /// <param name="head">One output.</param>
    /// <param name="pooling">Which hidden state stands for a document.</param>
    public RegressionObjective(TaskHead head, Pooling pooling)
        : base(head)
    {
        ArgumentOutOfRangeException.ThrowIfNotEqual(head.Outputs, 1);
        _pooling = pooling;
    }

    /// <inheritdoc/>
    public override Tensor Scores(Tape tape, LanguageModel model, ModelInput input, PackedBatch batch) => DocumentScores(tape, model, input, batch, _pooling);

    /// <inheritdoc/>
    public override Tensor Loss(Tape tape, LanguageModel model, ModelInput input, PackedBatch batch, float scale)
    {
        var (targets, weights) = DocumentTargets(batch);
        var shape = new Shape(targets.Length, 1);
        float[] subtracted = [.. targets.Select(target => -NumberTarget.Number(target))];
        float[] scaled = [.. weights.Select(weight => weight * scale)];
        var difference = tape.Add(Scores(tape, model, input, batch), tape.Constant(shape, subtracted));
        return tape.Sum(tape.Multiply(tape.Multiply(difference, difference), tape.Constant(shape, scaled)));
    }
}
