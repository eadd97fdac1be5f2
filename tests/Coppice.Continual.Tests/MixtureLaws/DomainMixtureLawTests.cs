using Coppice.Continual.MixtureLaws;
using Coppice.Foundation;

namespace Coppice.Continual.Tests.MixtureLaws;

public class DomainMixtureLawTests
{
    private static readonly DomainMixtureLaw Domain = new(1.1, 40, 0.3, 0.22, 0.12, 0.05, 0.4);
    private static readonly DomainMixtureLaw General = new(2.3, 10, 0.2, 0.2, 0.15, 0.03, 0.35);

    [Fact]
    public void The_published_chemistry_runs_cross_their_bound_where_the_paper_says()
    {
        double[] shares = [0.90, 0.91, 0.92, 0.924, 0.93, 0.94, 1.0];
        double[] general = [2.9052, 2.9193, 2.9376, 2.9445, 2.9644, 2.9848, 3.4667];
        var found = FeasibleShare.Largest(shares, general, 1.03 * 2.8602);
        Assert.Equal(ShareOutcome.Found, found.Outcome);
        Assert.Equal(0.9245, found.Share, 1e-4);
    }

    [Theory]
    [InlineData(0, 0.001)]
    [InlineData(0.003, 0.006)]
    public void A_known_law_is_predicted_between_and_a_little_beyond_its_points(double noise, double error)
    {
        foreach (var known in (DomainMixtureLaw[])[Domain, General])
        {
            var law = DomainMixtureLaw.Fit(Points(known, noise));
            Assert.Equal(1, law.Predict(3e7, 0.4) / known.Predict(3e7, 0.4), error);
            Assert.Equal(1, law.Predict(1.5e8, 0.85) / known.Predict(1.5e8, 0.85), error);
            Assert.Equal(1, law.Predict(1.5e8, 0.15) / known.Predict(1.5e8, 0.15), error);
            Assert.True(law.RootMeanSquareLogError <= 1.2 * noise + 1e-4);
        }
    }

    [Fact]
    public void A_fitted_law_falls_in_tokens_and_more_so_at_a_higher_share()
    {
        var law = DomainMixtureLaw.Fit(Points(Domain, 0.003));
        double Gain(double share) => law.Predict(1e7, share) - law.Predict(1e8, share);
        Assert.True(Gain(0.1) > 0);
        Assert.True(Gain(0.5) > Gain(0.1));
        Assert.True(Gain(1) > Gain(0.5));
        Assert.True(double.IsFinite(law.Predict(1e7, 0)));
    }

    [Fact]
    public void The_best_domain_loss_under_a_bound_is_that_of_the_known_laws()
    {
        var bound = General.Predict(1e8, 0.25);
        var exact = DomainMixtureLaw.LeastDomainLoss(Domain, General, 1e8, bound);
        var found = DomainMixtureLaw.LeastDomainLoss(DomainMixtureLaw.Fit(Points(Domain, 0)), DomainMixtureLaw.Fit(Points(General, 0)), 1e8, bound);
        Assert.Equal(ShareOutcome.Found, found.Outcome);
        Assert.Equal(exact.DomainShare, found.DomainShare, 0.02);
        Assert.True(found.GeneralLoss <= bound);
        Assert.Equal(exact.DomainLoss, found.DomainLoss, 0.005);
    }

    [Fact]
    public void Bounds_that_decide_nothing_are_said()
    {
        Assert.Equal(ShareOutcome.AllFeasible, DomainMixtureLaw.LeastDomainLoss(Domain, General, 1e8, 100).Outcome);
        var none = DomainMixtureLaw.LeastDomainLoss(Domain, General, 1e8, 0.1);
        Assert.Equal(ShareOutcome.NoneFeasible, none.Outcome);
        Assert.True(double.IsNaN(none.DomainShare));
    }

    [Fact]
    public void All_domain_text_there_is_goes_furthest_at_the_share_where_length_and_purity_balance()
    {
        var law = Domain with { TokenScale = 10 };
        var (share, loss) = law.BestShareOf(2e7);
        for (var other = 0.05; other <= 1; other += 0.05) Assert.True(loss <= law.Predict(2e7 / other, other));
        Assert.InRange(share, 0.15, 0.45);
        Assert.Equal(law.Predict(2e7 / share, share), loss);
        Assert.Equal(0.6, law.BestShareOf(2e7, 0.6).Share);
    }

    [Fact]
    public void Points_that_tell_nothing_are_refused()
    {
        var points = Points(Domain, 0);
        Assert.Throws<CoppiceException>(() => DomainMixtureLaw.Fit([.. points.Take(7)]));
        Assert.Throws<CoppiceException>(() => DomainMixtureLaw.Fit([.. points.Select(point => point with { Share = 0.5 })]));
        Assert.Throws<CoppiceException>(() => DomainMixtureLaw.Fit([.. points.Select(point => point with { Tokens = 5 })]));
        Assert.Throws<CoppiceException>(() => DomainMixtureLaw.Fit([.. points.Skip(1), points[0] with { Loss = double.NaN }]));
        Assert.Throws<CoppiceException>(() => DomainMixtureLaw.Fit([.. points.Skip(1), points[0] with { Share = 1.1 }]));
        Assert.Throws<CoppiceException>(() => DomainMixtureLaw.LeastDomainLoss(Domain, General, 0, 1));
        Assert.Throws<CoppiceException>(() => Domain.BestShareOf(double.PositiveInfinity));
    }

    private static List<MixturePoint> Points(DomainMixtureLaw law, double noise)
    {
        var random = new Random(7);
        return
        [
            .. from tokens in (double[])[5e6, 1e7, 2e7, 4e7, 7e7, 1e8]
               from share in (double[])[0.05, 0.1, 0.2, 0.33, 0.5, 0.67, 0.8, 0.9, 1]
               select new MixturePoint(tokens, share, law.Predict(tokens, share) * (1 + noise * Normal(random))),
        ];
    }

    private static double Normal(Random random) => Math.Sqrt(-2 * Math.Log(1 - random.NextDouble())) * Math.Cos(2 * Math.PI * random.NextDouble());
}
