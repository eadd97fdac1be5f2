namespace Coppice.Corpus;

/// <summary>
/// What a model is trained on or evaluated with in one pass: a flat run of tokens with document boundaries. There is no padding.
/// Attention never crosses a boundary, and positions start again at each. Of an encoder-decoder the batch may hold pairs: all sources, then all targets.
/// </summary>
/// <remarks>
/// The arrays are reused and grow when they must, so that filling a batch of a size it has held before allocates nothing.
/// They may be longer than what they hold: the first <see cref="Count"/> entries count (<see cref="CumulativeLengths"/>: the first
/// <see cref="DocumentCount"/> + 1).
/// </remarks>
public sealed class PackedBatch
{
    /// <summary>The input tokens [Count].</summary>
    public int[] Tokens { get; private set; } = [];

    /// <summary>The token to be predicted at each place [Count]. Always a valid id, also where its weight is 0.</summary>
    public int[] Targets { get; private set; } = [];

    /// <summary>What each target counts in the loss [Count]; 0 where it is not to be predicted.</summary>
    public float[] Weights { get; private set; } = [];

    /// <summary>Each token's place in its document's fragment, from 0 [Count].</summary>
    public int[] Positions { get; private set; } = [];

    /// <summary>The source of each target [Count]: the sampler's source, or for evaluation an index into <see cref="TokenStore.Sources"/>.</summary>
    public int[] Sources { get; private set; } = [];

    /// <summary>Where each document's fragment begins, and after the last one <see cref="Count"/> [DocumentCount + 1].</summary>
    public int[] CumulativeLengths { get; private set; } = new int[1];

    /// <summary>Tokens.</summary>
    public int Count { get; private set; }

    /// <summary>Fragments of documents, between which attention does not look.</summary>
    public int DocumentCount { get; private set; }

    /// <summary>Where the batch holds pairs, their number: the first half of the documents are the sources, and the others their targets in the same order. 0 elsewhere.</summary>
    public int Pairs { get; private set; }

    /// <summary>Targets with a weight above 0.</summary>
    public int CountedTokens { get; private set; }

    /// <summary>Targets that could have a weight above 0: the counted ones, or more where those are a sample of them.</summary>
    public int CandidateTokens { get; private set; }

    /// <summary>Empties the batch and keeps its memory.</summary>
    public void Clear()
    {
        Count = 0;
        DocumentCount = 0;
        Pairs = 0;
        CountedTokens = 0;
        CandidateTokens = 0;
    }

    /// <summary>Makes the batch a copy of another.</summary>
    /// <param name="other">The other.</param>
    public void CopyFrom(PackedBatch other)
    {
        Clear();
        AddAll(other);
        Pairs = other.Pairs;
    }

    /// <summary>Appends the documents of another batch.</summary>
    /// <param name="other">The other.</param>
    public void AddAll(PackedBatch other)
    {
        for (var document = 0; document < other.DocumentCount; document++) Add(other, document);
    }

    /// <summary>Appends a document of another batch.</summary>
    /// <param name="other">The other.</param>
    /// <param name="document">Which one.</param>
    public void Add(PackedBatch other, int document)
    {
        var (start, end) = (other.CumulativeLengths[document], other.CumulativeLengths[document + 1]);
        Add(other.Tokens.AsSpan(start..end), other.Targets.AsSpan(start..end), other.Weights.AsSpan(start..end), other.Sources.AsSpan(start..end));
    }

    /// <summary>Cuts documents into fragments, each with positions from 0: tokens, targets and weights stay as they are. Not for pairs.</summary>
    /// <param name="longest">The most tokens of a fragment.</param>
    public void Cut(int longest)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(longest, 1);
        ArgumentOutOfRangeException.ThrowIfNotEqual(Pairs, 0);
        var fragments = 0;
        for (var document = 0; document < DocumentCount; document++) fragments += (CumulativeLengths[document + 1] - CumulativeLengths[document] + longest - 1) / longest;
        if (fragments >= CumulativeLengths.Length) CumulativeLengths = Grown(CumulativeLengths, fragments + 1);
        var to = fragments;
        // From behind: a document has at least one fragment, so no end is overwritten before it is read.
        for (var document = DocumentCount - 1; document >= 0; document--)
        {
            var (start, end) = (CumulativeLengths[document], CumulativeLengths[document + 1]);
            for (var first = start + (end - start - 1) / longest * longest; first >= start; first -= longest)
            {
                CumulativeLengths[to--] = Math.Min(end, first + longest);
                for (var i = first; i < Math.Min(end, first + longest); i++) Positions[i] = i - first;
            }
        }

        DocumentCount = fragments;
    }

    /// <summary>Says that the documents are pairs.</summary>
    /// <param name="pairs">How many: half of the documents.</param>
    public void Pair(int pairs)
    {
        ArgumentOutOfRangeException.ThrowIfNotEqual(2 * pairs, DocumentCount);
        Pairs = pairs;
    }

    /// <summary>Counts the targets anew after <see cref="Weights"/> were changed.</summary>
    /// <param name="candidates">What <see cref="CandidateTokens"/> is.</param>
    public void Recount(int candidates)
    {
        CountedTokens = 0;
        CandidateTokens = candidates;
        foreach (var weight in Weights.AsSpan(0, Count))
        {
            if (weight > 0) CountedTokens++;
        }
    }

    /// <summary>Appends a document, or a fragment of one, behind a boundary.</summary>
    /// <param name="tokens">The input tokens; at least one.</param>
    /// <param name="targets">The target of each.</param>
    /// <param name="weights">The weight of each target.</param>
    /// <param name="source">The source of all of them.</param>
    public void Add(ReadOnlySpan<int> tokens, ReadOnlySpan<int> targets, ReadOnlySpan<float> weights, int source = 0)
    {
        AddWithoutSources(tokens, targets, weights);
        Sources.AsSpan(Count - tokens.Length, tokens.Length).Fill(source);
    }

    /// <summary>Appends a fragment whose targets come from several sources.</summary>
    /// <param name="tokens">The input tokens; at least one.</param>
    /// <param name="targets">The target of each.</param>
    /// <param name="weights">The weight of each target.</param>
    /// <param name="sources">The source of each target.</param>
    public void Add(ReadOnlySpan<int> tokens, ReadOnlySpan<int> targets, ReadOnlySpan<float> weights, ReadOnlySpan<int> sources)
    {
        ArgumentOutOfRangeException.ThrowIfNotEqual(sources.Length, tokens.Length);
        AddWithoutSources(tokens, targets, weights);
        sources.CopyTo(Sources.AsSpan(Count - tokens.Length));
    }

    private void AddWithoutSources(ReadOnlySpan<int> tokens, ReadOnlySpan<int> targets, ReadOnlySpan<float> weights)
    {
        ArgumentOutOfRangeException.ThrowIfZero(tokens.Length);
        ArgumentOutOfRangeException.ThrowIfNotEqual(targets.Length, tokens.Length);
        ArgumentOutOfRangeException.ThrowIfNotEqual(weights.Length, tokens.Length);
        EnsureRoom(tokens.Length);
        tokens.CopyTo(Tokens.AsSpan(Count));
        targets.CopyTo(Targets.AsSpan(Count));
        weights.CopyTo(Weights.AsSpan(Count));
        var positions = Positions.AsSpan(Count, tokens.Length);
        for (var i = 0; i < positions.Length; i++) positions[i] = i;
        foreach (var weight in weights)
        {
            if (!(weight > 0)) continue;
            CountedTokens++;
            CandidateTokens++;
        }

        Count += tokens.Length;
        DocumentCount++;
        CumulativeLengths[DocumentCount] = Count;
    }

    private void EnsureRoom(int added)
    {
        if (Count + added > Tokens.Length)
        {
            var size = Math.Max(Count + added, 2 * Tokens.Length);
            Tokens = Grown(Tokens, size);
            Targets = Grown(Targets, size);
            Weights = Grown(Weights, size);
            Positions = Grown(Positions, size);
            Sources = Grown(Sources, size);
        }

        if (DocumentCount + 2 > CumulativeLengths.Length) CumulativeLengths = Grown(CumulativeLengths, 2 * (DocumentCount + 2));
    }

    private static T[] Grown<T>(T[] array, int size)
    {
        Array.Resize(ref array, size);
        return array;
    }
}
