using Coppice.Foundation;

namespace Coppice.Continual.MixtureLaws;

/// <summary>Whether a bar singles out a share.</summary>
public enum ShareOutcome
{
    /// <summary>Some shares keep the bar and others don't.</summary>
    Found,

    /// <summary>Even the share that is hardest on the bar keeps it: the bar decides nothing within the shares looked at.</summary>
    AllFeasible,

    /// <summary>No share keeps the bar.</summary>
    NoneFeasible,
}

/// <summary>The largest share that keeps a bar.</summary>
/// <param name="Outcome">Whether there is one.</param>
/// <param name="Share">The share; NaN where none is feasible, the largest share looked at where all are.</param>
public sealed record FeasibleShare(ShareOutcome Outcome, double Share)
{
    /// <summary>The largest share at which a loss keeps a bound, with straight lines between the shares given.</summary>
    /// <param name="shares">Rising.</param>
    /// <param name="losses">A loss, or a rise, for each share.</param>
    /// <param name="bound">The highest loss allowed.</param>
    /// <exception cref="CoppiceException">No shares, shares that don't rise, or a value that isn't a number.</exception>
    public static FeasibleShare Largest(IReadOnlyList<double> shares, IReadOnlyList<double> losses, double bound)
    {
        Measured.SameCount(shares.Count, losses.Count, "Losses by share");
        Measured.Enough(shares.Count, 1, "shares");
        Measured.Fraction(shares, "A share");
        Measured.Rising(shares, "Shares");
        Measured.Finite(losses, "A loss");
        Measured.Finite([bound], "A bound");
        var last = shares.Count - 1;
        if (losses[last] <= bound) return new FeasibleShare(ShareOutcome.AllFeasible, shares[last]);
        for (var i = last - 1; i >= 0; i--)
        {
            if (losses[i] > bound) continue;
            var way = (bound - losses[i]) / (losses[i + 1] - losses[i]);
            return new FeasibleShare(ShareOutcome.Found, shares[i] + way * (shares[i + 1] - shares[i]));
        }

        return new FeasibleShare(ShareOutcome.NoneFeasible, double.NaN);
    }
}
