using Coppice.Corpus;
using Coppice.Models;
using Coppice.Tensors;

namespace Coppice.Training.Objectives;

/// <summary>What training minimises: from a packed batch to a scalar.</summary>
public interface IObjective
{
    /// <summary>The loss of a batch.</summary>
    /// <param name="tape">Records the operations.</param>
    /// <param name="model">The model.</param>
    /// <param name="input">Reused from batch to batch.</param>
    /// <param name="batch">The batch.</param>
    /// <param name="scale">Multiplies the sum over the counted tokens: one over their number in the whole step, so that micro-batches add up to the step's mean.</param>
    /// <returns>[1].</returns>
    Tensor Loss(Tape tape, LanguageModel model, ModelInput input, PackedBatch batch, float scale);
}
