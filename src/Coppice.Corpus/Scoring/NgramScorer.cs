namespace Coppice.Corpus;

/// <summary>Bits per token of each document under an n-gram model of other text: the text that documents are wanted to resemble.</summary>
/// <param name="model">The model, of the same tokenizer.</param>
public sealed class NgramScorer(NgramModel model) : IDocumentScorer
{
    /// <inheritdoc/>
    public double[] Score(TokenStore store, CancellationToken cancellation = default)
    {
        var scores = new double[store.DocumentCount];
        for (var i = 0; i < scores.Length; i++)
        {
            cancellation.ThrowIfCancellationRequested();
            scores[i] = model.BitsPerToken(store, i);
        }

        return scores;
    }
}
