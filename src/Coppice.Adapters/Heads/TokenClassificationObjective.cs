using Coppice.Corpus;
using Coppice.Models;
using Coppice.Tensors;
using Coppice.Training.Objectives;

namespace Coppice.Adapters;

/// <summary>Classes of words: the weighted mean cross-entropy over the tokens that carry a label.</summary>
/// <param name="head">One output for each class.</param>
public sealed class TokenClassificationObjective(TaskHead head) : HeadObjective(head)
{
    private readonly CountedRows _rows = new();

    /// <inheritdoc/>
    public override int RowsOf(TaskExample example) => example.CountedTargets;

    /// <inheritdoc/>
    public override Tensor Scores(Tape tape, LanguageModel model, ModelInput input, PackedBatch batch)
    {
        input.Set(tape, batch);
        _rows.Find(batch);
        return Head.Forward(tape, _rows.Gather(tape, model.Hidden(tape, input)), input.Training);
    }

    /// <inheritdoc/>
    public override Tensor Loss(Tape tape, LanguageModel model, ModelInput input, PackedBatch batch, float scale)
    {
        var scores = Scores(tape, model, input, batch);
        return CrossEntropy(tape, scores, _rows.Targets, _rows.Weights, scale);
    }
}
