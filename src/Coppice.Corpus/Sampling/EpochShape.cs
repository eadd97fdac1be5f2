namespace Coppice.Corpus;

/// <summary>What one pass over a source is made of.</summary>
/// <param name="Sequences">How many sequences.</param>
/// <param name="SequenceLength">Tokens of each.</param>
public readonly record struct EpochShape(long Sequences, int SequenceLength)
{
    /// <summary>The shape for a source of some size: its targets, one less than its tokens, cut into windows; a source shorter than one window is a shorter window.</summary>
    /// <param name="tokens">The source's tokens, at least 2.</param>
    /// <param name="sequenceLength">Tokens of a sequence where there are as many.</param>
    public static EpochShape Of(long tokens, int sequenceLength)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(tokens, 2);
        var length = (int)Math.Min(sequenceLength, tokens - 1);
        return new EpochShape((tokens - 1) / length, length);
    }
}
