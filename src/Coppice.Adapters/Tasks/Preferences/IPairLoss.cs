namespace Coppice.Adapters;

/// <summary>How probable an answer is after its prompt.</summary>
/// <param name="LogProbability">log p of its tokens, the end included, summed, in nats.</param>
/// <param name="Tokens">How many they are.</param>
/// <param name="Reference">The same sum of the model that training began from; 0 where a loss needs none.</param>
public readonly record struct AnswerProbability(double LogProbability, int Tokens, double Reference = 0)
{
    /// <summary>log p per token.</summary>
    public double Mean => LogProbability / Tokens;

    /// <summary>How much more probable the answer is than at the beginning.</summary>
    public double Ratio => LogProbability - Reference;
}

/// <summary>A loss of a pair of answers, and its derivatives.</summary>
/// <param name="Loss">The loss.</param>
/// <param name="Chosen">Its derivative with respect to the summed log-probability of the better answer.</param>
/// <param name="Rejected">That with respect to the worse one's.</param>
public readonly record struct PairGradient(double Loss, double Chosen, double Rejected);

/// <summary>What a preference is worth: a function of the log-probabilities of both answers. A new one is a file.</summary>
public interface IPairLoss
{
    /// <summary>Whether the probabilities under the model that training began from are needed.</summary>
    bool NeedsReference { get; }

    /// <summary>The loss of a pair.</summary>
    /// <param name="chosen">The better answer.</param>
    /// <param name="rejected">The worse one.</param>
    PairGradient Of(in AnswerProbability chosen, in AnswerProbability rejected);
}
