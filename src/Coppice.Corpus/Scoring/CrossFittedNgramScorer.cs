namespace Coppice.Corpus;

/// <summary>
/// Bits per token of each document under an n-gram model of the store itself: each half of the documents by a model of the other half. A model that has seen a
/// document finds it the less surprising the stranger it is, for nothing else says what may follow its n-grams; equal documents are in one half for that reason.
/// </summary>
/// <param name="order">Tokens of the longest n-gram.</param>
/// <param name="maximumTokens">The most tokens that a model is trained on.</param>
public sealed class CrossFittedNgramScorer(int order = NgramModel.DefaultOrder, long maximumTokens = NgramModel.DefaultMaximumTokens) : IDocumentScorer
{
    /// <inheritdoc/>
    public double[] Score(TokenStore store, CancellationToken cancellation = default)
    {
        var hashes = new ulong[store.DocumentCount];
        for (var i = 0; i < hashes.Length; i++)
        {
            cancellation.ThrowIfCancellationRequested();
            hashes[i] = HashOf(store, i);
        }

        ulong[] different = [.. hashes.Distinct().Order()];
        var middle = different[different.Length / 2];
        var scores = new double[hashes.Length];
        foreach (var lower in new[] { true, false })
        {
            int[] others = [.. Enumerable.Range(0, hashes.Length).Where(i => hashes[i] < middle != lower)];
            var model = NgramModel.Train(store, others, order, maximumTokens, cancellation);
            for (var i = 0; i < hashes.Length; i++)
            {
                cancellation.ThrowIfCancellationRequested();
                if (hashes[i] < middle == lower) scores[i] = model.BitsPerToken(store, i);
            }
        }

        return scores;
    }

    private static ulong HashOf(TokenStore store, int document)
    {
        var hash = 0UL;
        foreach (var token in store.ReadText(document)) hash = CounterRandom.Mix(hash + (ulong)token);
        return hash;
    }
}
