using Coppice.Tokenizers;

namespace Coppice.Corpus.Scoring;

/// <summary>The probability that a document of a token store is like a classifier's negatives.</summary>
/// <param name="classifier">The classifier.</param>
/// <param name="tokenizer">The tokenizer that the store was made with.</param>
public sealed class ClassifierScorer(TextClassifier classifier, ITokenizer tokenizer) : IDocumentScorer
{
    /// <inheritdoc/>
    public double[] Score(TokenStore store, CancellationToken cancellation = default)
    {
        var scores = new double[store.DocumentCount];
        for (var i = 0; i < scores.Length; i++)
        {
            cancellation.ThrowIfCancellationRequested();
            int[] tokens = [.. store.ReadText(i)];
            scores[i] = tokens.Length == 0 ? double.PositiveInfinity : 1 - classifier.Score(tokenizer.Decode(tokens));
        }

        return scores;
    }
}
