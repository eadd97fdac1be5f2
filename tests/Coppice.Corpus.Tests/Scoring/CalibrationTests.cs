using Coppice.Corpus.Scoring;

namespace Coppice.Corpus.Tests.Scoring;

public class CalibrationTests
{
    [Theory]
    [InlineData(1)]
    [InlineData(1e-6)]
    [InlineData(1e6)]
    public void The_slope_and_intercept_that_made_the_classes_are_found(double unit)
    {
        var truth = new Calibration(2, -1);
        double[] scores = [.. Enumerable.Range(0, 20_000).Select(i => (CounterRandom.Unit(CounterRandom.Bits(1, 0, (ulong)i)) - 0.5) * 6)];
        bool[] classes = [.. scores.Select((score, i) => CounterRandom.Unit(CounterRandom.Bits(1, 1, (ulong)i)) < truth.Probability(score))];
        var fit = Calibration.Fit([.. scores.Select(score => score * unit)], classes);
        Assert.Equal(2, fit.Slope * unit, 0.15);
        // Both classes weigh the same in the fit, and positives are fewer.
        double positives = classes.Count(positive => positive);
        Assert.Equal(-1 + Math.Log((classes.Length - positives) / positives), fit.Intercept, 0.15);
    }

    [Fact]
    public void Perfectly_divided_and_equal_scores_have_finite_fits()
    {
        var perfect = Calibration.Fit([-2, -1, 1, 2], [false, false, true, true]);
        Assert.InRange(perfect.Probability(1), 0.6, 1);
        Assert.InRange(perfect.Probability(-1), 0, 0.4);
        Assert.Equal(0.5, Calibration.Fit([3, 3, 3, 3], [true, false, true, false]).Probability(3), 1e-6);
        Assert.Equal(0.5, Calibration.Fit([0, 0], [true, false]).Probability(0), 1e-6);
    }
}
