using Coppice.Corpus;
using Coppice.Models;
using Coppice.Tensors;

namespace Coppice.Adapters;

/// <summary>Which hidden state stands for a document.</summary>
public enum Pooling
{
    /// <summary>That of the first token: encoders are trained to gather the document there.</summary>
    First,

    /// <summary>That of the last token: in a decoder the only one that has seen the whole document.</summary>
    Last,

    /// <summary>The mean over all tokens of the document.</summary>
    Mean,
}

/// <summary>Hidden states of documents.</summary>
public static class PoolingOperations
{
    /// <summary>The pooling that fits a model: the last token of a decoder, the first of an encoder.</summary>
    /// <param name="configuration">The model's.</param>
    public static Pooling For(ModelConfiguration configuration) => configuration.IsCausal ? Pooling.Last : Pooling.First;

    /// <summary>One hidden state for each document of a batch.</summary>
    /// <param name="tape">Records the operations.</param>
    /// <param name="hidden">[tokens of the batch, hidden].</param>
    /// <param name="batch">The batch.</param>
    /// <param name="pooling">Which.</param>
    /// <returns>[documents, hidden].</returns>
    public static Tensor Pool(this Tape tape, Tensor hidden, PackedBatch batch, Pooling pooling)
    {
        var bounds = batch.CumulativeLengths.AsSpan(0, batch.DocumentCount + 1);
        if (pooling == Pooling.Mean) return tape.MatMul(MeanMatrix(tape, bounds), hidden);
        var rows = new int[batch.DocumentCount];
        for (var document = 0; document < rows.Length; document++) rows[document] = pooling == Pooling.First ? bounds[document] : bounds[document + 1] - 1;
        return tape.Embedding(tape.Integers(rows), hidden);
    }

    /// <summary>[documents, tokens]: what each token counts in the mean of each document.</summary>
    private static Tensor MeanMatrix(Tape tape, ReadOnlySpan<int> bounds)
    {
        var (documents, tokens) = (bounds.Length - 1, bounds[^1]);
        var shares = new float[(long)documents * tokens];
        for (var document = 0; document < documents; document++)
        {
            var (start, end) = (bounds[document], bounds[document + 1]);
            for (var token = start; token < end; token++) shares[(long)document * tokens + token] = 1f / (end - start);
        }

        return tape.Constant(new Shape(documents, tokens), shares);
    }
}
