using Coppice.Foundation;

namespace Coppice.Corpus.Tests;

public sealed class FixedMixtureTests
{
    [Fact]
    public void Counts_are_never_a_whole_sequence_away_from_their_shares()
    {
        var random = new Random(1);
        for (var trial = 0; trial < 60; trial++)
        {
            var weights = Enumerable.Range(0, random.Next(1, 9)).Select(_ => Math.Exp(random.NextDouble() * 8)).ToArray();
            var mixture = new FixedMixture(weights);
            var drawn = new long[weights.Length];
            for (var total = 0L; total < 2000; total++)
            {
                drawn[mixture.Next(drawn, total)]++;
                for (var i = 0; i < drawn.Length; i++)
                {
                    Assert.True(
                        Math.Abs(mixture.Shares[i] * (total + 1) - drawn[i]) < 1,
                        $"trial {trial}: source {i} has {drawn[i]} of {total + 1} with a share of {mixture.Shares[i]}");
                }
            }
        }
    }

    [Fact]
    public void Equal_weights_take_turns()
    {
        var mixture = new FixedMixture([1, 1, 1, 1]);
        var drawn = new long[4];
        for (var total = 0; total < 40; total++)
        {
            drawn[mixture.Next(drawn, total)]++;
            if (total % 4 == 3) Assert.All(drawn, count => Assert.Equal((total + 1) / 4, count));
        }
    }

    [Theory]
    [InlineData(0)]
    [InlineData(-1)]
    [InlineData(double.NaN)]
    [InlineData(double.PositiveInfinity)]
    public void A_weight_that_is_no_positive_number_is_refused(double weight) =>
        Assert.Equal(ExitCode.Usage, Assert.Throws<CoppiceException>(() => new FixedMixture([1, weight])).ExitCode);
}
