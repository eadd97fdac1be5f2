using Coppice.Foundation;

namespace Coppice.Adapters;

/// <summary>The forms of <see cref="DirectPreferenceLoss"/>, with D how much more the better answer gained over the beginning than the worse one.</summary>
public enum DirectPreferenceForm
{
    /// <summary>-log σ(βD).</summary>
    Sigmoid,

    /// <summary>-(1 - e) log σ(βD) - e log σ(-βD): labels are wrong with the probability e.</summary>
    Conservative,

    /// <summary>(-(1 - e) log σ(βD) + e log σ(-βD)) / (1 - 2e): as before, without a bias.</summary>
    Robust,

    /// <summary>max(0, 1 - βD).</summary>
    Hinge,

    /// <summary>(D - 1/(2β))² with summed log-probabilities, as the authors of DPO have it.</summary>
    Squared,
}

/// <summary>
/// Direct preference optimisation: a reward model and reinforcement learning in one supervised loss, with the model that training began from as the reference.
/// </summary>
[Technique("dpo", Title = "Direct Preference Optimization: Your Language Model is Secretly a Reward Model", Paper = "arXiv:2305.18290")]
[Technique("ipo", Title = "A General Theoretical Paradigm to Understand Learning from Human Preferences", Paper = "arXiv:2310.12036")]
public sealed class DirectPreferenceLoss : IPairLoss
{
    private readonly double _beta;
    private readonly double _errors;
    private readonly DirectPreferenceForm _form;

    /// <summary>A loss.</summary>
    /// <param name="beta">How strongly the model is held to the reference: the larger, the closer it stays.</param>
    /// <param name="form">The form.</param>
    /// <param name="errors">e of the conservative and the robust form, the share of wrong labels: 0 up to but without a half.</param>
    public DirectPreferenceLoss(double beta = 0.1, DirectPreferenceForm form = DirectPreferenceForm.Sigmoid, double errors = 0)
    {
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(beta);
        if (!(errors >= 0 && errors < 0.5)) throw new ArgumentOutOfRangeException(nameof(errors), errors, "A share below a half is needed.");
        (_beta, _form, _errors) = (beta, form, errors);
    }

    /// <inheritdoc/>
    public bool NeedsReference => true;

    /// <inheritdoc/>
    public PairGradient Of(in AnswerProbability chosen, in AnswerProbability rejected)
    {
        var (loss, slope) = OfDifference(chosen.Ratio - rejected.Ratio);
        return new PairGradient(loss, slope, -slope);
    }

    /// <summary>Loss and derivative by D.</summary>
    private (double Loss, double Slope) OfDifference(double d)
    {
        var x = _beta * d;
        // Derivatives of -log σ(x) and -log σ(-x) by d.
        var (toward, away) = (-_beta * Logistic.Sigmoid(-x), _beta * Logistic.Sigmoid(x));
        return _form switch
        {
            DirectPreferenceForm.Sigmoid => (Logistic.Loss(x), toward),
            DirectPreferenceForm.Conservative => ((1 - _errors) * Logistic.Loss(x) + _errors * Logistic.Loss(-x), (1 - _errors) * toward + _errors * away),
            DirectPreferenceForm.Robust => (
                ((1 - _errors) * Logistic.Loss(x) - _errors * Logistic.Loss(-x)) / (1 - 2 * _errors), ((1 - _errors) * toward - _errors * away) / (1 - 2 * _errors)),
            DirectPreferenceForm.Hinge => (Math.Max(0, 1 - x), x < 1 ? -_beta : 0),
            _ => ((d - 0.5 / _beta) * (d - 0.5 / _beta), 2 * (d - 0.5 / _beta)),
        };
    }
}
