using Coppice.Corpus;
using Coppice.Tensors;

namespace Coppice.Training.Planning;

/// <summary>Batches of random tokens: for whatever depends on the shape of a step and not on its text.</summary>
public static class RandomBatch
{
    /// <summary>Makes a batch in which every token counts.</summary>
    /// <param name="vocabulary">Tokens are drawn from 0 up to this.</param>
    /// <param name="sequences">Sequences.</param>
    /// <param name="sequenceLength">Tokens of a sequence.</param>
    /// <param name="stream">Batches of other streams have other tokens.</param>
    public static PackedBatch Create(int vocabulary, int sequences, int sequenceLength, ulong stream)
    {
        var random = new Philox(1, stream);
        var batch = new PackedBatch();
        var weights = Enumerable.Repeat(1f, sequenceLength).ToArray();
        var tokens = new int[sequenceLength + 1];
        for (var sequence = 0; sequence < sequences; sequence++)
        {
            var first = (ulong)sequence * (ulong)tokens.Length;
            for (var i = 0; i < tokens.Length; i++) tokens[i] = random.Integer(first + (ulong)i, vocabulary);
            batch.Add(tokens.AsSpan(0, sequenceLength), tokens.AsSpan(1), weights);
        }

        return batch;
    }
}
