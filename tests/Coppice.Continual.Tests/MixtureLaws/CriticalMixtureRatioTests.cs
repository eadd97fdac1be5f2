using Coppice.Continual.MixtureLaws;
using Coppice.Foundation;

namespace Coppice.Continual.Tests.MixtureLaws;

public class CriticalMixtureRatioTests
{
    private static readonly double[] Shares = [1, 0.75, 0.5, 1.0 / 3, 0.25];

    // The paper's losses on finance text, by model; the constants that its first four points lead to.
    [Theory]
    [InlineData(new[] { 1.4628, 1.4844, 1.5122, 1.5387, 1.5561 }, -0.4264, 0.178, 1.8893)]
    [InlineData(new[] { 1.3723, 1.3910, 1.4155, 1.4385, 1.4538 }, -0.3705, 0.179, 1.7428)]
    [InlineData(new[] { 1.3242, 1.3416, 1.3643, 1.3854, 1.3994 }, -0.3114, 0.199, 1.6357)]
    [InlineData(new[] { 1.2585, 1.2750, 1.2965, 1.3170, 1.3305 }, -0.3562, 0.163, 1.6148)]
    public void Domain_loss_at_four_shares_predicts_the_fifth(double[] losses, double scale, double exponent, double offset)
    {
        var law = CriticalMixtureRatio.FitDomainLoss(Shares[..4], losses[..4]);
        // Neighbouring exponents fit four rounded losses equally well.
        Assert.Equal(scale, law.Scale, 2e-3);
        Assert.Equal(exponent, law.Exponent, 1.1e-3);
        Assert.Equal(offset, law.Offset, 2e-3);
        Assert.Equal(losses[4], law.Predict(Shares[4]), 1.5e-4);
    }

    // Tokens in units of 0.2 billion, after 20 billion; the paper's ratios for 460M to 3.1B parameters.
    [Theory]
    [InlineData(0.2252, 0.2694, -0.4814, 0.298)]
    [InlineData(0.7521, 0.1372, -1.0658, 0.349)]
    [InlineData(-2.3638, -0.1513, 1.5922, 0.414)]
    [InlineData(-2.5368, -0.4207, 0.8438, 0.478)]
    public void The_critical_ratio_grows_as_published(double scale, double exponent, double offset, double ratio)
    {
        var published = new PowerLaw(scale, exponent, offset);
        Assert.Equal(ratio, published.Predict(100), 0.0015);
        double[] tokens = [40, 50, 60, 70, 80];
        var fitted = CriticalMixtureRatio.FitGrowth(tokens, [.. tokens.Select(published.Predict)]);
        Assert.Equal(published.Predict(100), fitted.Predict(100), 1e-4);
        Assert.True(fitted.Predict(100) > fitted.Predict(50));
    }

    [Fact]
    public void A_known_law_gives_its_ratio_within_a_step_of_the_shares()
    {
        static double Rise(double share, double tokens) => share * share * (0.6 * Math.Pow(tokens, -0.1) - 0.5 * Math.Pow(tokens, -0.6)) - 0.01;
        var exact = Math.Sqrt(0.06 / (Rise(1, 20) + 0.01));
        var found = CriticalMixtureRatio.Find(Series(Rise), 2.9, 20);
        Assert.Equal(ShareOutcome.Found, found.Feasible.Outcome);
        Assert.InRange(found.Feasible.Share, exact - 0.0625, exact + 0.0625);
        Assert.All(found.Rises, rise => Assert.Equal(Rise(rise.DomainShare, 20), rise.Rise, 0.003));
    }

    [Fact]
    public void A_stricter_tolerance_never_allows_more_of_the_domain()
    {
        var series = Series((share, tokens) => share * (0.3 - 0.2 * Math.Pow(tokens, -0.3)));
        var before = 0.0;
        foreach (var tolerance in (double[])[0.03, 0.05, 0.08, 0.12, 0.15])
        {
            var ratio = CriticalMixtureRatio.Find(series, 2.9, 12, tolerance).Feasible.Share;
            Assert.True(ratio > before);
            before = ratio;
        }
    }

    [Fact]
    public void All_feasible_and_none_feasible_are_said()
    {
        var series = Series((share, tokens) => share * (0.3 - 0.2 * Math.Pow(tokens, -0.3)));
        Assert.Equal(new FeasibleShare(ShareOutcome.AllFeasible, 1), CriticalMixtureRatio.Find(series, 2.9, 12, 1).Feasible);
        Assert.Equal(new FeasibleShare(ShareOutcome.NoneFeasible, double.NaN), CriticalMixtureRatio.Find(series, 2.9, 12, 1e-4).Feasible);
    }

    [Fact]
    public void Measurements_that_tell_nothing_are_refused()
    {
        Assert.Contains("too few", Assert.Throws<CoppiceException>(() => CriticalMixtureRatio.FitDomainLoss(Shares[..3], [1, 2, 3])).Message, StringComparison.Ordinal);
        Assert.Contains("NaN", Assert.Throws<CoppiceException>(() => CriticalMixtureRatio.FitDomainLoss(Shares, [1, 2, 3, double.NaN, 5])).Message, StringComparison.Ordinal);
        Assert.Throws<CoppiceException>(() => CriticalMixtureRatio.FitDomainLoss([0.1, 0.2, 0.3, 1.4], [1, 2, 3, 4]));
        Assert.Throws<CoppiceException>(() => CriticalMixtureRatio.FitDomainLoss([0.1, 0.1, 0.3, 0.4], [1, 2, 3, 4]));
        Assert.Throws<CoppiceException>(() => CriticalMixtureRatio.FitDomainLoss([0, 0.1, 0.3, 0.4], [1, 2, 3, 4]));
        Assert.Throws<CoppiceException>(() => CriticalMixtureRatio.Find([], 2.9, 10));
        Assert.Throws<CoppiceException>(() => CriticalMixtureRatio.Find([new RatioSeries(0.5, [1, 2, 3], [0, 0, 0])], 2.9, 10));
    }

    private static List<RatioSeries> Series(Func<double, double, double> rise)
    {
        double[] tokens = [1, 1.5, 2, 3, 4, 5, 6, 7, 8, 9, 10];
        return [.. Enumerable.Range(1, 8).Select(eighths => eighths / 8.0).Select(share => new RatioSeries(share, tokens, [.. tokens.Select(t => rise(share, t))]))];
    }
}
