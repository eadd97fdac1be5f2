using Coppice.Corpus;
using Coppice.Models;
using Coppice.Tensors;

namespace Coppice.Training.Objectives;

/// <summary>
/// Masked language modelling: the mean negative log-likelihood of tokens that were hidden in the text, in the way that <see cref="TokenMasking"/> hides
/// them. Losses under different ways can't be compared, so what validation measures can be another way than that of training.
/// </summary>
public sealed class MaskedObjective : IObjective
{
    private readonly TokenMasking _masking;
    private readonly CountedRows _rows = new();

    /// <summary>An objective.</summary>
    /// <param name="masking">How tokens are hidden.</param>
    /// <param name="validation">What validation measures; null for the same.</param>
    public MaskedObjective(TokenMasking masking, IObjective? validation = null)
    {
        _masking = masking;
        Validation = validation ?? this;
    }

    /// <inheritdoc/>
    public IObjective Validation { get; }

    /// <inheritdoc/>
    public PackedBatch Prepare(PackedBatch batch, PackedBatch scratch, ulong seed, ulong number)
    {
        scratch.CopyFrom(batch);
        _masking.Apply(scratch, seed, number);
        return scratch;
    }

    /// <inheritdoc/>
    public Tensor Loss(Tape tape, LanguageModel model, ModelInput input, PackedBatch batch, float scale)
    {
        input.Set(tape, batch);
        _rows.Find(batch);
        return _rows.CrossEntropy(tape, model, input, _rows.Gather(tape, model.Hidden(tape, input)), scale);
    }
}
