using Coppice.Foundation;

namespace Coppice.Adapters;

/// <summary>SimPO: -log σ(β · (difference of the mean log-probabilities) - γ). It needs no reference, and a long answer has no advantage.</summary>
/// <param name="beta">Multiplies the difference.</param>
/// <param name="gamma">By how much the better answer must be ahead.</param>
[Technique("simpo", Title = "SimPO: Simple Preference Optimization with a Reference-Free Reward", Paper = "arXiv:2405.14734")]
public sealed class SimplePreferenceLoss(double beta = 2, double gamma = 1) : IPairLoss
{
    /// <inheritdoc/>
    public bool NeedsReference => false;

    /// <inheritdoc/>
    public PairGradient Of(in AnswerProbability chosen, in AnswerProbability rejected)
    {
        var x = beta * (chosen.Mean - rejected.Mean) - gamma;
        var slope = -beta * Logistic.Sigmoid(-x);
        return new PairGradient(Logistic.Loss(x), slope / chosen.Tokens, -slope / rejected.Tokens);
    }
}
