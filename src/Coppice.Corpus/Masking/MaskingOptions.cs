using Coppice.Foundation;

namespace Coppice.Corpus;

/// <summary>What is hidden together.</summary>
public enum MaskUnit
{
    /// <summary>Single tokens.</summary>
    Tokens,

    /// <summary>Whole words: all of a word's tokens or none.</summary>
    Words,

    /// <summary>Runs of words, as long as a geometric distribution gives.</summary>
    Spans,
}

/// <summary>How tokens are chosen and what takes their place.</summary>
public sealed record MaskingOptions
{
    /// <summary>The share of the tokens that are chosen.</summary>
    public double Rate { get; init; } = 0.15;

    /// <summary>What is chosen together.</summary>
    public MaskUnit Unit { get; init; } = MaskUnit.Tokens;

    /// <summary>The share of the chosen that become the mask token.</summary>
    public double MaskShare { get; init; } = 0.8;

    /// <summary>The share of the chosen that become another token at random; what is left stays as it is.</summary>
    public double RandomShare { get; init; } = 0.1;

    /// <summary>Checks the ranges.</summary>
    /// <exception cref="CoppiceException">A number is out of its range (exit code 2).</exception>
    internal void Check()
    {
        if (Rate is not (> 0 and < 1)) throw CoppiceException.Usage(FormattableString.Invariant($"{Rate} of the tokens can't be hidden: more than 0 and less than 1 are"));
        if (MaskShare < 0 || RandomShare < 0 || !(MaskShare + RandomShare <= 1))
            throw CoppiceException.Usage(FormattableString.Invariant($"{MaskShare} masked and {RandomShare} random are no shares of the hidden tokens: together they are at most 1"));
    }
}
