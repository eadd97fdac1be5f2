using Coppice.Corpus;
using Coppice.Models;
using Coppice.Tensors;
using Coppice.Training.Objectives;

namespace Coppice.Adapters;

/// <summary>
/// Supervised fine-tuning: the mean negative log-likelihood of the tokens of answers. As <see cref="CausalObjective"/>, but prompts, which have no targets, cost no pass
/// through the head over the vocabulary.
/// </summary>
public sealed class SupervisedObjective : IObjective
{
    private readonly CountedRows _rows = new();

    /// <summary>False: the mean is over answers, which are a part of the text alone.</summary>
    public bool MeasuresText => false;

    /// <inheritdoc/>
    public Tensor Loss(Tape tape, LanguageModel model, ModelInput input, PackedBatch batch, float scale)
    {
        input.Set(tape, batch);
        _rows.Find(batch);
        return _rows.CrossEntropy(tape, model, input, _rows.Gather(tape, model.Hidden(tape, input)), scale);
    }
}
