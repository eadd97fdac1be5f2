namespace Coppice.Evaluation.Tests;

public class FactInjectionTests
{
    [Fact]
    public void The_local_maximum_is_looked_for_after_the_injection_and_inside_the_window()
    {
        double[] series = [-1, -9, -8, -3, -2.5, -2.5, -4, -0.5];
        Assert.Equal(4, FactInjection.LocalMaximum(series, 1, window: 5));
        Assert.Equal(7, FactInjection.LocalMaximum(series, 1));
        Assert.Equal(2, FactInjection.LocalMaximum(series, 1, window: 1));
        Assert.Equal(6.5, FactInjection.Effectivity(series, 1, window: 5));
        Assert.Throws<ArgumentOutOfRangeException>(() => FactInjection.LocalMaximum(series, 7));
    }

    [Fact]
    public void Retainability_is_the_share_of_the_gain_that_is_left()
    {
        var kept = FactInjection.Retainability([-10, -8], [-2, -4], [-6, -6]);
        Assert.Equal(new Retainability(0.5, 2, 0, 0), kept);
        Assert.Equal(1, FactInjection.Retainability([-10], [-2], [-2]).Value);
        Assert.Equal(0, FactInjection.Retainability([-10], [-2], [-10]).Value);
    }

    [Fact]
    public void Facts_that_gained_nothing_and_outliers_are_left_out_and_counted()
    {
        double[] before = [-10, -10, -10, -10, -10, -10], peak = [-2, -2, -2, -2, -9.95, -2], now = [-6, -6.08, -5.92, -6, -3, 38];
        var kept = FactInjection.Retainability(before, peak, now);
        Assert.Equal(0.5, kept.Value, 12);
        Assert.Equal((4, 1, 1), (kept.Counted, kept.Unlearnt, kept.Outliers));
        Assert.Equal(0, FactInjection.Retainability(before, peak, now, outlierFactor: double.PositiveInfinity).Outliers);
        var none = FactInjection.Retainability([-1], [-1], [-1]);
        Assert.True(double.IsNaN(none.Value));
        Assert.Equal((0, 1), (none.Counted, none.Unlearnt));
    }

    [Fact]
    public void A_series_that_follows_the_law_gives_back_its_numbers()
    {
        var fit = FactInjection.Fit([.. new[] { 1.0, 2, 4, 8, 16, 32, 64 }.Select(t => (t, 0.9 - 0.1 * Math.Log(t)))]);
        Assert.Equal(0.9, fit.Intercept, 12);
        Assert.Equal(0.1, fit.Slope, 12);
        Assert.Equal(1, fit.RSquared, 12);
        Assert.Equal(Math.Exp(4), fit.HalfLife, 8);
        Assert.Equal(Math.Exp(9), fit.LearnabilityThreshold, 6);
        Assert.Equal(0.5, fit.At(fit.HalfLife), 12);
        Assert.Equal(7, fit.Points);
    }

    [Fact]
    public void Noise_lowers_the_variance_explained_and_hardly_the_slope()
    {
        var noise = new Random(1);
        var fit = FactInjection.Fit([.. Enumerable.Range(0, 200).Select(i => (Math.Pow(1.05, i), 0.9 - 0.1 * i * Math.Log(1.05) + 0.1 * (noise.NextDouble() - 0.5)))]);
        Assert.Equal(0.1, fit.Slope, 0.005);
        Assert.InRange(fit.RSquared, 0.9, 0.999);
        var nothing = FactInjection.Fit([.. Enumerable.Range(1, 200).Select(i => ((double)i, noise.NextDouble()))]);
        Assert.InRange(nothing.RSquared, 0, 0.05);
    }

    [Fact]
    public void What_is_not_forgotten_has_no_half_life()
    {
        var constant = FactInjection.Fit([(1, 0.8), (10, 0.8), (100, 0.8)]);
        Assert.Equal(0.8, constant.Intercept, 12);
        Assert.Equal(0, constant.Slope, 12);
        Assert.Equal(1, constant.RSquared);
        Assert.Equal(double.PositiveInfinity, FactInjection.Fit([(1, 0.8), (10, 0.9)]).LearnabilityThreshold);
    }

    [Fact]
    public void A_fit_on_the_logarithm_of_the_step_can_not_begin_at_0()
    {
        Assert.Throws<ArgumentOutOfRangeException>(() => FactInjection.Fit([(0, 1), (1, 0.9)]));
        Assert.Throws<ArgumentException>(() => FactInjection.Fit([(1, 1), (1, 0.9)]));
    }
}
