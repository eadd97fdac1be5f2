using Coppice.Foundation;

namespace Coppice.Adapters;

/// <summary>
/// KTO: answers that are judged one by one, with the value that people give to gains and losses: λ (1 - σ(β (ρ - z))) of a desirable answer and λ (1 - σ(β (z - ρ))) of
/// another, where ρ is how much more probable it is than at the beginning, and z the same of answers to other prompts.
/// </summary>
[Technique("kto", Title = "KTO: Model Alignment as Prospect Theoretic Optimization", Paper = "arXiv:2402.01306")]
public sealed class KahnemanTverskyLoss
{
    private readonly double _beta;
    private readonly double _desirable;
    private readonly double _undesirable;

    /// <summary>A loss.</summary>
    /// <param name="beta">How strongly the model is held to the reference.</param>
    /// <param name="desirable">λ of desirable answers: such that n λ of both kinds are of about the same size.</param>
    /// <param name="undesirable">λ of the others.</param>
    public KahnemanTverskyLoss(double beta = 0.1, double desirable = 1, double undesirable = 1)
    {
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(beta);
        ArgumentOutOfRangeException.ThrowIfNegative(desirable);
        ArgumentOutOfRangeException.ThrowIfNegative(undesirable);
        (_beta, _desirable, _undesirable) = (beta, desirable, undesirable);
    }

    /// <summary>z of a step: the mean ρ of mismatched prompts and answers, and no less than 0. No gradient flows through it.</summary>
    /// <param name="mismatched">Answers after prompts that are not theirs; at least one.</param>
    public static double Baseline(IReadOnlyList<AnswerProbability> mismatched) => Math.Max(0, mismatched.Average(answer => answer.Ratio));

    /// <summary>The loss of an answer.</summary>
    /// <param name="answer">The answer.</param>
    /// <param name="desirable">Whether it is as it should be.</param>
    /// <param name="baseline">z; see <see cref="Baseline"/>.</param>
    /// <returns>The loss, and its derivative with respect to the summed log-probability of the answer.</returns>
    public (double Loss, double Slope) Of(in AnswerProbability answer, bool desirable, double baseline)
    {
        var (weight, sign) = desirable ? (_desirable, 1.0) : (_undesirable, -1.0);
        var value = Logistic.Sigmoid(sign * _beta * (answer.Ratio - baseline));
        return (weight * (1 - value), -sign * weight * _beta * value * (1 - value));
    }
}
