namespace Coppice.Corpus.Tests.Steps;

public class ScoreBoundsTests
{
    [Theory]
    [InlineData(1.9, "score too low", 2.0)]
    [InlineData(2.0, null, 2.0)]
    [InlineData(5.9, null, 8.0)]
    [InlineData(8.0, null, 8.0)]
    [InlineData(8.1, "score too high", 8.0)]
    [InlineData(double.NaN, "score too low", 2.0)]
    public void A_value_beyond_a_bound_is_told_and_of_others_the_nearer_bound(double value, string? reason, double threshold)
    {
        var bounds = new ScoreBounds("score", 2, 8);
        var beyond = bounds.Beyond(value);
        Assert.Equal(reason, beyond?.Reason);
        Assert.Equal(threshold, (beyond?.Measured ?? bounds.Nearest(value)!.Value).Threshold);
    }

    [Fact]
    public void Bounds_may_be_left_out()
    {
        Assert.Null(new ScoreBounds("score", null, null).Beyond(double.NaN));
        Assert.Null(new ScoreBounds("score", null, null).Nearest(1));
        Assert.Equal(3, new ScoreBounds("score", null, 3).Nearest(1)!.Value.Threshold);
        Assert.Equal("score too high", new ScoreBounds("score", null, 3).Beyond(double.NaN)!.Value.Reason);
        Assert.Null(new ScoreBounds("score", 3, null).Beyond(double.PositiveInfinity));
    }
}
