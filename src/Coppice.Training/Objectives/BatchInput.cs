using Coppice.Corpus;
using Coppice.Models;
using Coppice.Tensors;

namespace Coppice.Training.Objectives;

/// <summary>A packed batch as a model's input.</summary>
public static class BatchInput
{
    /// <summary>Sets tokens, positions and documents of a batch, or the pairs that it holds.</summary>
    /// <param name="input">The input.</param>
    /// <param name="tape">Holds the integers; dropout applies where it records.</param>
    /// <param name="batch">The batch.</param>
    public static void Set(this ModelInput input, Tape tape, PackedBatch batch)
    {
        var tokens = batch.Tokens.AsSpan(0, batch.Count);
        var positions = batch.Positions.AsSpan(0, batch.Count);
        var lengths = batch.CumulativeLengths.AsSpan(0, batch.DocumentCount + 1);
        if (batch.Pairs > 0) input.SetPairs(tape, tokens, positions, lengths, batch.Pairs, training: tape.Recording);
        else input.Set(tape, tokens, positions, lengths, training: tape.Recording);
    }
}
