using Coppice.Continual.MixtureLaws;
using Coppice.Foundation;

namespace Coppice.Continual.Tests.MixtureLaws;

public class ChangeLawTests
{
    private static readonly double[] Tokens = [1e6, 1.5e6, 2.3e6, 3.5e6, 5.3e6, 8e6, 12e6, 18e6, 20e6];

    [Fact]
    public void A_rise_and_fall_is_found_and_followed_beyond_the_range()
    {
        static double Rise(double tokens) => 0.4 * Math.Pow(tokens / 1e6, -0.3) - 0.35 * Math.Pow(tokens / 1e6, -1.2) + 0.02;
        var law = ChangeLaw.Fit(Series(Rise), 4e7);
        Assert.Equal(2, law.Terms.Count);
        Assert.Equal(Rise(4e7), law.Predict(4e7), 2e-3);
        Assert.True(law.RootMeanSquareError < 1e-4);
    }

    [Fact]
    public void One_power_is_enough_for_one_power()
    {
        var law = ChangeLaw.Fit(Series(tokens => -0.8 + Math.Pow(tokens / 1e6, -0.25)), 1e8);
        Assert.Equal(-0.25, Assert.Single(law.Terms).Exponent, 1e-9);
        Assert.Equal(-0.8, law.Offset, 1e-9);
    }

    [Fact]
    public void Noise_has_no_trend()
    {
        double[] noise = [0.001, -0.002, 0.0015, -0.0005, 0.0, 0.002, -0.0015, 0.001, -0.001];
        var law = ChangeLaw.Fit(new ChangeSeries(Tokens, noise, 1), 2e8);
        Assert.Empty(law.Terms);
        Assert.Equal(noise.Average(), law.Predict(2e8), 1e-12);
    }

    [Fact]
    public void A_fall_that_speeds_up_is_not_carried_on()
    {
        // Least squares alone would follow the parabola to a loss far below 0.
        var law = ChangeLaw.Fit(Series(tokens => 0.3 - 0.02 * Math.Pow(Math.Log(tokens / 2e6), 2)), 1e9);
        Assert.True(law.Predict(1e9) > -1);
        Assert.True(Math.Abs(law.Predict(3e7) - law.Predict(2e7)) <= 0.3);
    }

    [Fact]
    public void Laws_fitted_together_share_their_exponents()
    {
        var laws = ChangeLaw.FitTogether([Series(tokens => Math.Pow(tokens, -0.2)), Series(tokens => 3 - 5 * Math.Pow(tokens, -0.2))], 1e8);
        Assert.All(laws, law => Assert.Equal(-0.2, Assert.Single(law.Terms).Exponent, 1e-9));
        Assert.Equal(-5, laws[1].Terms[0].Scale, 1e-6);
    }

    [Fact]
    public void Series_out_of_order_or_too_short_are_refused()
    {
        Assert.Throws<CoppiceException>(() => ChangeLaw.Fit(new ChangeSeries([1, 2, 4, 3, 5], [0, 0, 0, 0, 0], 1), 10));
        Assert.Throws<CoppiceException>(() => ChangeLaw.Fit(new ChangeSeries([1, 2, 3, 4], [0, 0, 0, 0], 1), 10));
        Assert.Throws<CoppiceException>(() => ChangeLaw.Fit(new ChangeSeries([1, 2, 3, 4, 5], [0, 0, 0, 0], 1), 10));
        Assert.Throws<CoppiceException>(() => ChangeLaw.Fit(new ChangeSeries([1, 2, 3, 4, 5], [0, 0, 0, 0, 0], 1), double.NaN));
        Assert.Throws<CoppiceException>(() => ChangeLaw.FitTogether([], 10));
    }

    private static ChangeSeries Series(Func<double, double> change) => new(Tokens, [.. Tokens.Select(change)], 5);
}
