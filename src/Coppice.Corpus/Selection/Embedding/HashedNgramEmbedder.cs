using Coppice.Foundation;

namespace Coppice.Corpus.Selection;

/// <summary>
/// A sparse random projection of a document's words and word pairs: each is added, times 1 + ln(count), to a few places of the vector with a random sign, so that inner products of
/// documents are kept on average. The mean stays: a template that most documents follow would go with it.
/// </summary>
/// <param name="dimensions">Numbers of a vector: inner products have a standard error of about 1/√dimensions.</param>
[Technique("sparse-random-projection", Title = "Sparser Johnson-Lindenstrauss Transforms", Paper = "arXiv:1012.1577")]
public sealed class HashedNgramEmbedder(int dimensions = 256) : IDocumentEmbedder
{
    private const int Buckets = 1 << 18;
    private const int Places = 4;

    /// <inheritdoc/>
    public string Version => FormattableString.Invariant($"hashed n-grams 1, {dimensions} dimensions");

    /// <inheritdoc/>
    public int Dimensions => dimensions;

    /// <inheritdoc/>
    public bool TakesOffMean => false;

    /// <inheritdoc/>
    public Action<Document, Memory<float>> Begin()
    {
        var ngrams = new HashedNgrams(Buckets);
        return (document, embedding) =>
        {
            ngrams.Count(document.Text);
            var vector = embedding.Span;
            vector.Clear();
            foreach (var bucket in ngrams.Touched)
            {
                var weight = 1 + MathF.Log(ngrams[bucket]);
                var bits = CounterRandom.Mix((ulong)bucket);
                for (var i = 0; i < Places; i++, bits >>= 16) vector[(int)((bits & 0x7FFF) * (uint)dimensions >> 15)] += (bits & 0x8000) == 0 ? weight : -weight;
            }
        };
    }
}
