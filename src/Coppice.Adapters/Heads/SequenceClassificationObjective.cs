using Coppice.Corpus;
using Coppice.Models;
using Coppice.Tensors;

namespace Coppice.Adapters;

/// <summary>Classes of documents: the weighted mean cross-entropy.</summary>
/// <param name="head">One output for each class.</param>
/// <param name="pooling">Which hidden state stands for a document.</param>
public sealed class SequenceClassificationObjective(TaskHead head, Pooling pooling) : HeadObjective(head)
{
    /// <inheritdoc/>
    public override Tensor Scores(Tape tape, LanguageModel model, ModelInput input, PackedBatch batch) => DocumentScores(tape, model, input, batch, pooling);

    /// <inheritdoc/>
    public override Tensor Loss(Tape tape, LanguageModel model, ModelInput input, PackedBatch batch, float scale)
    {
        var (targets, weights) = DocumentTargets(batch);
        return CrossEntropy(tape, Scores(tape, model, input, batch), targets, weights, scale);
    }
}
