using System.Collections.ObjectModel;
using Coppice.Foundation;

namespace Coppice.Inference;

/// <summary>How a text is continued.</summary>
public sealed record GenerationOptions
{
    /// <summary>The largest value of <see cref="LogProbabilities"/>.</summary>
    public const int MostLogProbabilities = 20;

    /// <summary>The most tokens that are generated.</summary>
    public int MaxTokens { get; init; } = 256;

    /// <summary>Divides the logits; below 1 the probable becomes more probable. 0 takes the most probable token each time (greedy).</summary>
    public double Temperature { get; init; } = 0.8;

    /// <summary>Draws from this many most probable tokens only; 0 for all.</summary>
    public int TopK { get; init; }

    /// <summary>Draws from the fewest most probable tokens that together have this probability; 1 for all.</summary>
    public double TopP { get; init; } = 0.95;

    /// <summary>Draws from the tokens that are at least this share as probable as the most probable one; 0 for all.</summary>
    public double MinP { get; init; }

    /// <summary>Above 1, tokens that prompt or text have already become less probable; 1 changes nothing. 0.01 to 100.</summary>
    public double RepetitionPenalty { get; init; } = 1;

    /// <summary>What the logit of a token loses that the text, prompt apart, has already: -2 to 2.</summary>
    public double PresencePenalty { get; init; }

    /// <summary>What it loses for each time that the text has it: -2 to 2.</summary>
    public double FrequencyPenalty { get; init; }

    /// <summary>What is added to the logits of chosen tokens: -100 to 100.</summary>
    public IReadOnlyDictionary<int, double> LogitBias { get; init; } = ReadOnlyDictionary<int, double>.Empty;

    /// <summary>
    /// How many of the most probable tokens are reported with every token, beside its own probability: 0 to 20; null for no probabilities at all.
    /// </summary>
    public int? LogProbabilities { get; init; }

    /// <summary>Decides the random numbers: the same seed gives the same text, whatever the number of threads.</summary>
    public ulong Seed { get; init; }

    /// <summary>Tokens that end the text, beside the end-of-text token of model and tokenizer; they are not part of it.</summary>
    public IReadOnlyList<int> EndTokens { get; init; } = [];

    /// <summary>Strings that end the text where the first of them is complete; they are not part of it.</summary>
    public IReadOnlyList<string> StopStrings { get; init; } = [];

    /// <summary>Refuses options that mean nothing.</summary>
    /// <param name="vocabularySize">Number of tokens that can be drawn.</param>
    /// <exception cref="CoppiceException">An option is outside its range.</exception>
    internal void Check(int vocabularySize)
    {
        if (MaxTokens < 1) throw Error("max_tokens", MaxTokens, "at least 1 is expected");
        if (!(Temperature >= 0 && double.IsFinite(Temperature))) throw Error("temperature", Temperature, "0 or more is expected");
        if (TopK < 0) throw Error("top_k", TopK, "0 (all tokens) or more is expected");
        if (!(TopP > 0 && TopP <= 1)) throw Error("top_p", TopP, "more than 0 and at most 1 is expected");
        if (!(MinP >= 0 && MinP <= 1)) throw Error("min_p", MinP, "0 (all tokens) to 1 is expected");
        if (!(RepetitionPenalty >= 0.01 && RepetitionPenalty <= 100)) throw Error("repetition_penalty", RepetitionPenalty, "0.01 to 100 is expected");
        if (!(Math.Abs(PresencePenalty) <= 2)) throw Error("presence_penalty", PresencePenalty, "-2 to 2 is expected");
        if (!(Math.Abs(FrequencyPenalty) <= 2)) throw Error("frequency_penalty", FrequencyPenalty, "-2 to 2 is expected");
        if (LogProbabilities is < 0 or > MostLogProbabilities) throw Error("log_probabilities", LogProbabilities.Value, $"0 to {MostLogProbabilities} is expected");
        foreach (var (token, bias) in LogitBias)
        {
            if (token < 0 || token >= vocabularySize) throw Error("logit_bias: a token", token, $"the vocabulary has tokens from 0 to {vocabularySize - 1}");
            if (!(Math.Abs(bias) <= 100)) throw Error("logit_bias", bias, "-100 to 100 is expected");
        }

        if (StopStrings.Any(string.IsNullOrEmpty)) throw CoppiceException.Usage("stop: an empty string would end every text at once");
    }

    private static CoppiceException Error(string name, double value, string expected) =>
        CoppiceException.Usage(FormattableString.Invariant($"{name} is {value}; {expected}"));
}
