using Coppice.Continual.MixtureLaws;
using Coppice.Foundation;

namespace Coppice.Continual.Tests.MixtureLaws;

public class TrialPlanTests
{
    [Fact]
    public void Trials_are_whole_steps_measured_evenly_in_the_logarithm_of_tokens()
    {
        var plan = TrialPlan.For(10_000_000, 512, 100_000);
        Assert.Equal([0, 0.02, 0.1, 0.25, 0.5], plan.Shares);
        Assert.InRange(plan.TokensPerTrial, 1_499_000, 1_500_000);
        Assert.Equal(5 * plan.TokensPerTrial, plan.TotalTokens);
        Assert.Equal(TrialPlan.Measurements, plan.MeasureAt.Count);
        Assert.All(plan.MeasureAt, tokens => Assert.Equal(0, tokens % 512));
        Assert.True(plan.MeasureAt[0] >= 100_000);
        Assert.Equal(plan.TokensPerTrial, plan.MeasureAt[^1]);
        var ratios = plan.MeasureAt.Zip(plan.MeasureAt.Skip(1), (before, after) => (double)after / before).ToList();
        Assert.True(ratios.Max() / ratios.Min() < 1.05);
        Assert.Empty(plan.Warnings);
    }

    [Fact]
    public void The_shortest_trials_are_measured_at_every_step() =>
        Assert.Equal([1, 2, 3, 4, 5, 6, 7, 8], TrialPlan.For(80, 1, 0, 0.1).MeasureAt);

    [Fact]
    public void Measurements_are_at_different_steps_however_short_the_trial()
    {
        for (var steps = 8; steps < 200; steps++)
        {
            var at = TrialPlan.For(steps, 1, 0, 1).MeasureAt;
            Assert.Equal(at.Distinct().Order(), at);
            Assert.Equal(steps, at[^1]);
        }
    }

    [Fact]
    public void Trials_shorter_than_the_spike_are_warned_about() =>
        Assert.Contains("spike", Assert.Single(TrialPlan.For(10_000_000, 512, 0, 0.05).Warnings), StringComparison.Ordinal);

    [Theory]
    [InlineData(1000, 512, 0, 0.15)]
    [InlineData(0, 512, 0, 0.15)]
    [InlineData(1000000, 0, 0, 0.15)]
    [InlineData(1000000, 512, -1, 0.15)]
    [InlineData(1000000, 512, 149000, 0.15)]
    [InlineData(1000000, 512, 0, double.NaN)]
    [InlineData(1000000, 512, 0, 1.5)]
    public void Updates_too_short_for_trials_are_refused(long update, long step, long warmup, double fraction) =>
        Assert.Throws<CoppiceException>(() => TrialPlan.For(update, step, warmup, fraction));
}
