using Coppice.Foundation;

namespace Coppice.Adapters;

/// <summary>
/// ORPO: supervised fine-tuning on the better answer, and a term that makes its odds larger than the worse one's: mean of -log p(better) - λ log σ(log odds - log odds),
/// with odds = p / (1 - p) of the mean log-probability. It needs no reference and no stage of fine-tuning before it.
/// </summary>
/// <param name="lambda">What the odds count.</param>
/// <remarks>The likelihood is that of the answer alone, as in supervised fine-tuning here; the authors count the prompt's too.</remarks>
[Technique("orpo", Title = "ORPO: Monolithic Preference Optimization without Reference Model", Paper = "arXiv:2403.07691")]
public sealed class OddsRatioLoss(double lambda = 0.1) : IPairLoss
{
    // An answer that is certain has infinite odds.
    private const double Largest = -1e-6;

    /// <inheritdoc/>
    public bool NeedsReference => false;

    /// <inheritdoc/>
    public PairGradient Of(in AnswerProbability chosen, in AnswerProbability rejected)
    {
        var (better, worse) = (Math.Min(chosen.Mean, Largest), Math.Min(rejected.Mean, Largest));
        var x = LogOdds(better) - LogOdds(worse);
        var slope = -lambda * Logistic.Sigmoid(-x);
        return new PairGradient(
            -chosen.Mean + lambda * Logistic.Loss(x), (-1 + slope * OddsSlope(better)) / chosen.Tokens, -slope * OddsSlope(worse) / rejected.Tokens);
    }

    private static double LogOdds(double mean) => mean - Logistic.LogOneMinusExp(mean);

    /// <summary>d log odds / d log p = 1 / (1 - p).</summary>
    private static double OddsSlope(double mean) => -1 / Logistic.ExpMinusOne(mean);
}
