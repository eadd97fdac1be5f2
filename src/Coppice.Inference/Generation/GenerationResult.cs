namespace Coppice.Inference;

/// <summary>Why a text ended.</summary>
public enum FinishReason
{
    /// <summary>The model wrote its end-of-text token (or the begin-of-text token of another text), a stop string was complete, or the text met its constraint.</summary>
    Stop,

    /// <summary>As many tokens were generated as were allowed.</summary>
    Length,
}

/// <summary>A generated text.</summary>
/// <param name="Text">What follows the prompt, without the prompt and without a stop string.</param>
/// <param name="Tokens">The generated tokens without the one that ended it; those of a stop string included.</param>
/// <param name="PromptTokens">Tokens of the prompt, begin-of-text included.</param>
/// <param name="FinishReason">Why it ended.</param>
public sealed record GenerationResult(string Text, IReadOnlyList<int> Tokens, int PromptTokens, FinishReason FinishReason)
{
    /// <summary>How probable each of the tokens was; empty where <see cref="GenerationOptions.LogProbabilities"/> is null.</summary>
    public IReadOnlyList<TokenLogProbabilities> LogProbabilities { get; init; } = [];
}
