using Coppice.Corpus;
using Coppice.Models;
using Coppice.Tensors;
using Coppice.Training.Objectives;

namespace Coppice.Adapters;

/// <summary>The objective of a task that a head is trained for: from a batch to the head's numbers, and from those to the loss. Batches are those of <see cref="TaskPacking"/>.</summary>
public abstract class HeadObjective : IObjective
{
    /// <summary>An objective of a head.</summary>
    /// <param name="head">The head; not disposed here.</param>
    private protected HeadObjective(TaskHead head) => Head = head;

    /// <summary>The head.</summary>
    public TaskHead Head { get; }

    /// <inheritdoc/>
    public bool MeasuresText => false;

    /// <summary>How many rows <see cref="Scores"/> has of an example.</summary>
    /// <param name="example">The example.</param>
    public virtual int RowsOf(TaskExample example) => example.Documents.Count;

    /// <summary>What the head makes of a batch.</summary>
    /// <param name="tape">Records the operations.</param>
    /// <param name="model">The model.</param>
    /// <param name="input">Reused from batch to batch.</param>
    /// <param name="batch">The batch.</param>
    /// <returns>[rows, outputs]: rows in the order of the batch.</returns>
    public abstract Tensor Scores(Tape tape, LanguageModel model, ModelInput input, PackedBatch batch);

    /// <inheritdoc/>
    public abstract Tensor Loss(Tape tape, LanguageModel model, ModelInput input, PackedBatch batch, float scale);

    /// <summary>What the head makes of each document.</summary>
    private protected Tensor DocumentScores(Tape tape, LanguageModel model, ModelInput input, PackedBatch batch, Pooling pooling)
    {
        input.Set(tape, batch);
        return Head.Forward(tape, tape.Pool(model.Hidden(tape, input), batch, pooling), input.Training);
    }

    /// <summary>Target and weight of each document, which stand on its last token.</summary>
    private protected static (int[] Targets, float[] Weights) DocumentTargets(PackedBatch batch)
    {
        var (targets, weights) = (new int[batch.DocumentCount], new float[batch.DocumentCount]);
        for (var document = 0; document < targets.Length; document++)
        {
            var last = batch.CumulativeLengths[document + 1] - 1;
            (targets[document], weights[document]) = (batch.Targets[last], batch.Weights[last]);
        }

        return (targets, weights);
    }

    /// <summary>Σ weight · -log p(class), scaled.</summary>
    private protected Tensor CrossEntropy(Tape tape, Tensor scores, ReadOnlySpan<int> targets, ReadOnlySpan<float> weights, float scale)
    {
        for (var i = 0; i < targets.Length; i++)
        {
            if (weights[i] > 0 && (uint)targets[i] >= (uint)Head.Outputs)
                throw new ArgumentException(FormattableString.Invariant($"The class {targets[i]} is none of the head's {Head.Outputs}: the examples were made with other labels."));
        }

        return tape.CrossEntropy(scores, tape.Integers(targets), tape.Constant(new Shape(weights.Length), weights), new CrossEntropyOptions(scale));
    }
}
