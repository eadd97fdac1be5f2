using Coppice.Foundation;

namespace Coppice.Inference;

/// <summary>How the most probable continuations of a text are searched for.</summary>
public sealed record BeamOptions
{
    /// <summary>The largest value of <see cref="Beams"/>.</summary>
    public const int MostBeams = 1000;

    /// <summary>How many beginnings are kept at a time, and how many texts are found at the most. 1 takes the most probable token each time (greedy).</summary>
    public int Beams { get; init; } = 4;

    /// <summary>
    /// Texts compare by log-probability / tokens^x, the token that ends a text counted: above 0 favours longer texts, below 0 shorter ones, 0 compares the
    /// probabilities themselves. -10 to 10.
    /// </summary>
    public double LengthPenalty { get; init; } = 1;

    /// <summary>The most tokens of a text.</summary>
    public int MaxTokens { get; init; } = 256;

    /// <summary>See <see cref="GenerationOptions.LogProbabilities"/>.</summary>
    public int? LogProbabilities { get; init; }

    /// <summary>See <see cref="GenerationOptions.EndTokens"/>.</summary>
    public IReadOnlyList<int> EndTokens { get; init; } = [];

    /// <summary>See <see cref="GenerationOptions.StopStrings"/>.</summary>
    public IReadOnlyList<string> StopStrings { get; init; } = [];

    /// <summary>What the texts must look like; null for anything. Probabilities are those of the model without it.</summary>
    public TextConstraint? Constraint { get; init; }

    /// <summary>Refuses options that mean nothing.</summary>
    /// <param name="vocabularySize">Number of tokens.</param>
    /// <returns>What they have in common with those of a text that is drawn.</returns>
    /// <exception cref="CoppiceException">An option is outside its range.</exception>
    internal GenerationOptions Check(int vocabularySize)
    {
        if (Beams is < 1 or > MostBeams) throw CoppiceException.Usage($"beams is {Beams}; 1 to {MostBeams} is expected");
        if (!(Math.Abs(LengthPenalty) <= 10)) throw CoppiceException.Usage(FormattableString.Invariant($"length_penalty is {LengthPenalty}; -10 to 10 is expected"));
        var common = new GenerationOptions { MaxTokens = MaxTokens, LogProbabilities = LogProbabilities, EndTokens = EndTokens, StopStrings = StopStrings, Constraint = Constraint };
        common.Check(vocabularySize);
        return common;
    }
}

/// <summary>A text that a search found.</summary>
/// <param name="Result">The text.</param>
/// <param name="LogProbability">The natural logarithm of its probability, the token that ended it included.</param>
/// <param name="Score">That, divided by the power of the length: by which texts compare.</param>
public sealed record BeamResult(GenerationResult Result, double LogProbability, double Score);
