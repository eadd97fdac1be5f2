using Coppice.Foundation;

namespace Coppice.Continual.MixtureLaws;

/// <summary>How the loss on general text rose during an update with a share of domain text.</summary>
/// <param name="DomainShare">Domain tokens by all tokens of the update: 1 minus the share of replay.</param>
/// <param name="Tokens">Tokens of the update so far, rising.</param>
/// <param name="GeneralRise">General loss minus that of the parent after as many tokens, nats per token.</param>
public sealed record RatioSeries(double DomainShare, IReadOnlyList<double> Tokens, IReadOnlyList<double> GeneralRise);

/// <summary>A predicted rise of general loss.</summary>
/// <param name="DomainShare">Domain tokens by all tokens of the update.</param>
/// <param name="Rise">Nats per token above the parent.</param>
/// <param name="Law">The law that predicts it.</param>
public sealed record RatioRise(double DomainShare, double Rise, ChangeLaw Law);

/// <summary>The largest share of domain text that an update can have without general loss rising above a tolerance.</summary>
/// <param name="Feasible">The ratio, or that none or all of the shares tried are feasible.</param>
/// <param name="Rises">What it was found from, by rising share.</param>
public sealed record CriticalRatio(FeasibleShare Feasible, IReadOnlyList<RatioRise> Rises);

/// <summary>
/// The critical mixture ratio of continual pre-training. It is mostly a matter of the tolerance: 0.05 nats, the paper's, are less than 2 % of a loss of
/// 2.9. Never quote a ratio without its tolerance.
/// </summary>
[Technique("critical-mixture-ratio", Title = "CMR Scaling Law: Predicting Critical Mixture Ratios for Continual Pre-training of Language Models", Paper = "arXiv:2407.17467")]
public static class CriticalMixtureRatio
{
    /// <summary>The paper's tolerance, nats per token.</summary>
    public const double DefaultTolerance = 0.05;

    /// <summary>Fits the loss on the domain by its share of the update, <c>L(R) = α·R^s + β</c>, at a fixed number of tokens.</summary>
    /// <param name="domainShares">Above 0 and at most 1, at least four.</param>
    /// <param name="losses">The loss on the domain for each share.</param>
    /// <exception cref="CoppiceException">Too few points, or one that isn't a number.</exception>
    public static PowerLaw FitDomainLoss(IReadOnlyList<double> domainShares, IReadOnlyList<double> losses)
    {
        Measured.Fraction(domainShares, "A share of domain text");
        return PowerLaw.Fit(domainShares, losses);
    }

    /// <summary>Fits how general loss rose at each share and finds the largest share that keeps the tolerance.</summary>
    /// <param name="series">Runs of the same parent that differ in the share.</param>
    /// <param name="parentLoss">The parent's general loss, nats per token.</param>
    /// <param name="tokens">Tokens of the planned update.</param>
    /// <param name="tolerance">The highest rise of general loss allowed, nats per token.</param>
    /// <exception cref="CoppiceException">Too few points, one that isn't a number, or a share given twice.</exception>
    public static CriticalRatio Find(IReadOnlyList<RatioSeries> series, double parentLoss, double tokens, double tolerance = DefaultTolerance)
    {
        var rises = series.OrderBy(one => one.DomainShare).Select(one =>
        {
            var law = ChangeLaw.Fit(new ChangeSeries(one.Tokens, one.GeneralRise, parentLoss), tokens);
            return new RatioRise(one.DomainShare, law.Predict(tokens), law);
        }).ToList();
        var feasible = FeasibleShare.Largest([.. rises.Select(rise => rise.DomainShare)], [.. rises.Select(rise => rise.Rise)], tolerance);
        return new CriticalRatio(feasible, rises);
    }

    /// <summary>Fits how the critical ratio grows with the length of the update, <c>R(T) = α·T^s + β</c>.</summary>
    /// <param name="tokens">Lengths of updates, at least four.</param>
    /// <param name="ratios">The critical ratio of each.</param>
    /// <exception cref="CoppiceException">Too few points, or one that isn't a number.</exception>
    public static PowerLaw FitGrowth(IReadOnlyList<double> tokens, IReadOnlyList<double> ratios)
    {
        Measured.Fraction(ratios, "A critical ratio");
        return PowerLaw.Fit(tokens, ratios, Trend.Rising);
    }
}
