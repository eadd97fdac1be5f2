using Coppice.Foundation;

namespace Coppice.Inference;

/// <summary>How a text is continued.</summary>
public sealed record GenerationOptions
{
    /// <summary>The most tokens that are generated.</summary>
    public int MaxTokens { get; init; } = 256;

    /// <summary>Divides the logits; below 1 the probable becomes more probable. 0 takes the most probable token each time (greedy).</summary>
    public double Temperature { get; init; } = 0.8;

    /// <summary>Draws from this many most probable tokens only; 0 for all.</summary>
    public int TopK { get; init; }

    /// <summary>Draws from the fewest most probable tokens that together have this probability; 1 for all.</summary>
    public double TopP { get; init; } = 0.95;

    /// <summary>Decides the random numbers: the same seed gives the same text, whatever the number of threads.</summary>
    public ulong Seed { get; init; }

    /// <summary>Strings that end the text where the first of them is complete; they are not part of it.</summary>
    public IReadOnlyList<string> StopStrings { get; init; } = [];

    /// <summary>Refuses options that mean nothing.</summary>
    /// <exception cref="CoppiceException">An option is outside its range.</exception>
    internal void Check()
    {
        if (MaxTokens < 1) throw Error("max_tokens", MaxTokens, "at least 1 is expected");
        if (!(Temperature >= 0 && double.IsFinite(Temperature))) throw Error("temperature", Temperature, "0 or more is expected");
        if (TopK < 0) throw Error("top_k", TopK, "0 (all tokens) or more is expected");
        if (!(TopP > 0 && TopP <= 1)) throw Error("top_p", TopP, "more than 0 and at most 1 is expected");
        if (StopStrings.Any(string.IsNullOrEmpty)) throw CoppiceException.Usage("stop: an empty string would end every text at once");
    }

    private static CoppiceException Error(string name, double value, string expected) =>
        CoppiceException.Usage(FormattableString.Invariant($"{name} is {value}; {expected}"));
}
