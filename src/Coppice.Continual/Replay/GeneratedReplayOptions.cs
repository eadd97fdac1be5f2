using Coppice.Foundation;

namespace Coppice.Continual.Replay;

/// <summary>What a parent writes to be replayed.</summary>
public sealed record GeneratedReplayOptions
{
    /// <summary>Tokens that are generated and kept; the last document may go over it.</summary>
    public required long Tokens { get; init; }

    /// <summary>Decides the texts.</summary>
    public ulong Seed { get; init; }

    /// <summary>Divides the logits; 1 is what the parent believes.</summary>
    public double Temperature { get; init; } = 1;

    /// <summary>Draws from the fewest most probable tokens that together have this probability; 1 for all.</summary>
    public double TopP { get; init; } = 0.98;

    /// <summary>The most tokens that are generated for a document, which is cut there; 0 for the parent's context.</summary>
    public int MaxDocumentTokens { get; init; }

    /// <summary>The least share of different ones among a document's n-grams of four tokens; a document with fewer is dropped. 0 keeps all.</summary>
    public double MinDistinctShare { get; init; } = 0.5;

    /// <summary>
    /// How documents begin, from <see cref="GeneratedReplay.StartsOf"/>: each document draws one of them, so that what is there often is drawn often. Without any
    /// a document begins with what the parent puts first.
    /// </summary>
    public IReadOnlyList<string> Starts { get; init; } = [];

    /// <summary>Refuses options that mean nothing; those of sampling are checked where sampling is.</summary>
    /// <exception cref="CoppiceException">An option is outside its range.</exception>
    internal void Check()
    {
        if (Tokens < 1) throw CoppiceException.Usage(FormattableString.Invariant($"{Tokens} tokens of generated replay are wanted; at least 1 is expected"));
        if (MaxDocumentTokens < 0) throw CoppiceException.Usage(FormattableString.Invariant($"The longest generated document is {MaxDocumentTokens} tokens; 0 (the parent's context) or more is expected"));
        if (!(MinDistinctShare >= 0 && MinDistinctShare <= 1)) throw CoppiceException.Usage(FormattableString.Invariant($"The least share of different n-grams is {MinDistinctShare}; from 0 to 1 is expected"));
    }
}
