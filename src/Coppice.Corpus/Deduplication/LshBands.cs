namespace Coppice.Corpus.Deduplication;

/// <summary>
/// How signatures are cut into bands to find candidates (locality-sensitive hashing): two documents are compared when they agree in all rows of at least one band.
/// </summary>
/// <param name="Bands">How many bands; more find more.</param>
/// <param name="Rows">How many numbers of the signature a band has; more find less.</param>
public readonly record struct LshBands(int Bands, int Rows)
{
    /// <summary>The length of a signature.</summary>
    public int Hashes => Bands * Rows;

    /// <summary>The probability that two documents become candidates: 1 - (1 - sʳ)ᵇ with r rows and b bands.</summary>
    /// <param name="similarity">The Jaccard similarity s of their sets of shingles.</param>
    public double Probability(double similarity) => 1 - Math.Pow(1 - Math.Pow(similarity, Rows), Bands);
}
