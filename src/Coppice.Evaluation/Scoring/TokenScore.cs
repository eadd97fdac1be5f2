namespace Coppice.Evaluation;

/// <summary>What a model says about one token of a text, given the tokens before it. Natural logarithms.</summary>
/// <param name="Token">The token.</param>
/// <param name="LogProbability">log p of the token.</param>
/// <param name="Mean">μ = Σ p log p over the vocabulary: the log-probability that a token drawn here has on average.</param>
/// <param name="Deviation">σ, the standard deviation of the same.</param>
/// <param name="Argmax">The most probable token; the one with the lowest id of several.</param>
public readonly record struct TokenScore(int Token, double LogProbability, double Mean, double Deviation, int Argmax)
{
    /// <summary>Whether the token is the one that greedy decoding would have chosen.</summary>
    public bool IsGreedy => Token == Argmax;
}
