using System.Globalization;
using Coppice.Foundation;

namespace Coppice.Continual.MixtureLaws;

/// <summary>What an update with a share of replay is predicted to do.</summary>
/// <param name="Share">Old tokens by all tokens.</param>
/// <param name="Old">Bits per byte of each old source.</param>
/// <param name="OldRises">Each old source's rise by its reference: 0.02 for 2 % worse.</param>
/// <param name="New">Bits per byte of the new text.</param>
/// <param name="NewRise">The new text's rise by its reference, below 0 where it was learned.</param>
public sealed record PredictedShare(double Share, IReadOnlyList<double> Old, IReadOnlyList<double> OldRises, double New, double NewRise)
{
    /// <summary>The rise of the old source that suffers most.</summary>
    public double WorstRise => OldRises.Max();
}

/// <summary>A share that was chosen.</summary>
/// <param name="Outcome">Whether the bar singled it out: also taken are the least share tried, where all keep the bar, and the highest, where none does.</param>
/// <param name="Share">The share and what is predicted for it.</param>
/// <param name="Explanation">A sentence for the user: what was chosen, why, and what to do where it isn't enough.</param>
public sealed record ShareChoice(ShareOutcome Outcome, PredictedShare Share, string Explanation);

/// <summary>
/// Predictions of an update by its share of replay: of its end where the trials were annealed; else of what it would be at the trials' constant rate, and the real
/// update's annealing lowers every loss of it.
/// </summary>
public sealed record SharePrediction
{
    /// <summary>Tokens of the update that is predicted.</summary>
    public required long Tokens { get; init; }

    /// <summary>Whether the annealing at the end of the update is in it.</summary>
    public required bool Annealed { get; init; }

    /// <summary>A prediction for each share looked at, by rising share, none outside the shares tried.</summary>
    public required IReadOnlyList<PredictedShare> Curve { get; init; }

    /// <summary>The prediction without replay, where that was tried: for the report, never chosen.</summary>
    public PredictedShare? WithoutReplay { get; init; }

    /// <summary>For each old source, how far the fits are off, by the source's reference: 0.003 for 0.3 %.</summary>
    public required IReadOnlyList<double> OldResiduals { get; init; }

    /// <summary>How far the fits of the new text are off, by its reference.</summary>
    public required double NewResidual { get; init; }

    /// <summary>Why the prediction may be worth little, a sentence each; usually empty.</summary>
    public required IReadOnlyList<string> Warnings { get; init; }

    /// <summary>The least share with which no old source rises above a bar, less what the fits are off.</summary>
    /// <param name="maximumRise">The bar, by the reference: 0.02 for 2 %.</param>
    /// <exception cref="CoppiceException">The bar isn't above 0.</exception>
    public ShareChoice LeastShare(double maximumRise)
    {
        Measured.Positive([maximumRise], "The highest rise of old text allowed");
        var keeps = Curve.Where(predicted => predicted.OldRises.Zip(OldResiduals).All(pair => pair.First + pair.Second <= maximumRise)).ToList();
        var bar = $"a rise of old text by {Percent(maximumRise)}";
        if (keeps.Count == 0)
            return Choice(ShareOutcome.NoneFeasible, Curve[^1], $"no share tried keeps {bar}; the highest is taken: add protection, such as distillation on the replayed text, or mix with the parent afterwards");
        return keeps[0] == Curve[0]
            ? Choice(ShareOutcome.AllFeasible, Curve[0], $"every share tried keeps {bar}; the least is taken")
            : Choice(ShareOutcome.Found, keeps[0], $"the least share that keeps {bar}");
    }

    /// <summary>The share with the least weighted sum of bits per byte: the mean of the old sources against the new text.</summary>
    /// <param name="oldWeight">The weight of the old sources, 0 to 1; the new text has the rest.</param>
    /// <exception cref="CoppiceException">The weight isn't between 0 and 1.</exception>
    public ShareChoice BestTradeOff(double oldWeight = 0.5)
    {
        Measured.Fraction([oldWeight], "The weight of old text");
        var best = Curve.MinBy(predicted => oldWeight * predicted.Old.Average() + (1 - oldWeight) * predicted.New)!;
        var edge = best == Curve[0] || best == Curve[^1] ? ", at the end of the shares tried" : "";
        return Choice(ShareOutcome.Found, best, $"the best mean of old text (weight {oldWeight.ToString("0.##", CultureInfo.InvariantCulture)}) and new text{edge}");
    }

    private ShareChoice Choice(ShareOutcome outcome, PredictedShare chosen, string why)
    {
        var (old, @new) = (Percent(chosen.WorstRise), Percent(chosen.NewRise));
        return new ShareChoice(outcome, chosen, $"Replay {Percent(chosen.Share)}: {why} (predicted: old {old}, new {@new}{(Annealed ? "" : ", before annealing")}).");
    }

    internal static string Percent(double fraction) => (100 * fraction).ToString("0.##", CultureInfo.InvariantCulture) + " %";
}
