using Coppice.Corpus;
using Coppice.Models;
using Coppice.Tensors;

namespace Coppice.Training.Objectives;

/// <summary>What training minimises: from a packed batch to a scalar. Listed in <see cref="ObjectiveRegistry"/>.</summary>
public interface IObjective
{
    /// <summary>What validation measures: this, unless that would be another task with each setting of it.</summary>
    IObjective Validation => this;

    /// <summary>Whether the loss is the mean of -log p of tokens of the text, all of them or a sample, so that it can be told in bits per byte.</summary>
    bool MeasuresText => true;

    /// <summary>What the objective makes of a batch before its targets are counted: tokens hidden or replaced, other targets.</summary>
    /// <param name="batch">The batch; it stays as it is.</param>
    /// <param name="scratch">A batch to write to; what it held is replaced.</param>
    /// <param name="seed">The seed of the run.</param>
    /// <param name="number">The number of the batch in the run: with the seed it names all random numbers, so that a resumed run draws the same ones.</param>
    /// <returns><paramref name="scratch"/>, or <paramref name="batch"/> where nothing is changed.</returns>
    PackedBatch Prepare(PackedBatch batch, PackedBatch scratch, ulong seed, ulong number) => batch;

    /// <summary>The loss of a batch.</summary>
    /// <param name="tape">Records the operations. What the loss draws comes from <see cref="Tape.NextRandom"/>.</param>
    /// <param name="model">The model.</param>
    /// <param name="input">Reused from batch to batch.</param>
    /// <param name="batch">The batch, prepared.</param>
    /// <param name="scale">Multiplies the sum over the counted tokens: one over their number in the whole step, so that micro-batches add up to the step's mean.</param>
    /// <returns>[1].</returns>
    Tensor Loss(Tape tape, LanguageModel model, ModelInput input, PackedBatch batch, float scale);
}
