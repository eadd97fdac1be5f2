using Coppice.Corpus;
using Coppice.Models;
using Coppice.Tensors;

namespace Coppice.Training.Objectives;

/// <summary>A packed batch as a model's input.</summary>
public static class BatchInput
{
    /// <summary>Sets tokens, positions and documents of a batch.</summary>
    /// <param name="input">The input.</param>
    /// <param name="tape">Holds the integers; dropout applies where it records.</param>
    /// <param name="batch">The batch.</param>
    public static void Set(this ModelInput input, Tape tape, PackedBatch batch) => input.Set(
        tape, batch.Tokens.AsSpan(0, batch.Count), batch.Positions.AsSpan(0, batch.Count), batch.CumulativeLengths.AsSpan(0, batch.DocumentCount + 1), training: tape.Recording);
}
