namespace Coppice.Corpus.Deduplication;

/// <summary>How a pair of candidates is confirmed to be duplicates.</summary>
public enum Verification
{
    /// <summary>By the share of equal places in the signatures, and by the true Jaccard similarity where that share is too near to the threshold to tell.</summary>
    Close,

    /// <summary>By the share of equal places in the signatures alone: no document is read again.</summary>
    Estimate,

    /// <summary>By the true Jaccard similarity of their sets of shingles: both documents are read again.</summary>
    Exact,

    /// <summary>Not at all: candidates are duplicates, and so are the candidates of candidates. What FineWeb does.</summary>
    None,
}

/// <summary>How near duplicates are found.</summary>
/// <remarks>
/// The defaults are made to find copies in which up to a tenth of the words were changed. A changed word changes as many shingles as these have words: with a share e of
/// the words changed, s = (1 - e)ⁿ of the shingles stay, and the Jaccard similarity is s / (2 - s). For a tenth that is 0.57 with 3 words and 0.42 with 5, of which
/// FineWeb's 14 bands of 8 rows find 1 %; 28 bands of 4 rows, with the same 112 hashes, find 96 % at 0.57. So low a similarity must be confirmed, or documents that share
/// a template would go. At the threshold of 0.5 two documents of one length share two thirds of their shingles.
/// </remarks>
public sealed record MinHashOptions
{
    /// <summary>What FineWeb and FineWeb-2 use (arXiv:2406.17557, arXiv:2506.20920): 5 words, 14 bands of 8 rows, candidates not confirmed, texts below 5 words kept.</summary>
    public static MinHashOptions FineWeb { get; } = new()
    {
        Shingling = new Shingling(ShingleUnit.Words, 5, WholeIfShorter: false),
        Bands = new LshBands(14, 8),
        Verify = Verification.None,
        Keep = KeepPolicy.First,
    };

    /// <summary>What is compared. A corpus of very short texts (titles, posts) wants shingles of 1 or 2 words: a text of n words has n - size + 1 of them.</summary>
    public Shingling Shingling { get; init; } = new(ShingleUnit.Words, 3);

    /// <summary>How candidates are found.</summary>
    public LshBands Bands { get; init; } = new(28, 4);

    /// <summary>How candidates are confirmed.</summary>
    public Verification Verify { get; init; } = Verification.Close;

    /// <summary>The Jaccard similarity from which confirmed candidates are duplicates; of no effect with <see cref="Verification.None"/>.</summary>
    public double Threshold { get; init; } = 0.5;

    /// <summary>Which copy stays.</summary>
    public KeepPolicy Keep { get; init; } = KeepPolicy.Longest;

    /// <summary>Which hash functions are drawn.</summary>
    public ulong Seed { get; init; } = 1;
}
