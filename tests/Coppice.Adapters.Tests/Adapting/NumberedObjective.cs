using Coppice.Corpus;
using Coppice.Models;
using Coppice.Tensors;
using Coppice.Training.Objectives;

namespace Coppice.Adapters.Tests;

/// <summary>An objective that remembers the numbers of its batches.</summary>
internal sealed class NumberedObjective(IObjective inner, List<ulong> numbers) : IObjective
{
    public PackedBatch Prepare(PackedBatch batch, PackedBatch scratch, ulong seed, ulong number)
    {
        numbers.Add(number);
        return inner.Prepare(batch, scratch, seed, number);
    }

    public Tensor Loss(Tape tape, LanguageModel model, ModelInput input, PackedBatch batch, float scale) => inner.Loss(tape, model, input, batch, scale);
}
