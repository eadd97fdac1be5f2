using Coppice.Corpus;
using Coppice.Models;
using Coppice.Tensors;

namespace Coppice.Training.Objectives;

/// <summary>Causal language modelling: the mean negative log-likelihood of the next token.</summary>
public sealed class CausalObjective : IObjective
{
    /// <inheritdoc/>
    public Tensor Loss(Tape tape, LanguageModel model, ModelInput input, PackedBatch batch, float scale)
    {
        var n = batch.Count;
        input.Set(tape, batch);
        var targets = input.Targets(tape, batch.Targets.AsSpan(0, n));
        var weights = tape.Constant(new Shape(n), batch.Weights.AsSpan(0, n));
        return model.CrossEntropy(tape, model.Hidden(tape, input), targets, weights, new CrossEntropyOptions(scale));
    }
}
