using Coppice.Corpus.Scoring;

namespace Coppice.Corpus.Tests.Scoring;

// That probabilities are those of the formula, NgramModelTests show.
public class KneserNeyModelTests
{
    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(5)]
    public void A_symbol_that_never_occurred_costs_what_is_left_after_the_known_ones(int order)
    {
        var counts = new KneserNeyCounts(order);
        for (var text = 0UL; text < 50; text++)
        {
            var contexts = counts.BeginText();
            for (var i = 0UL; i < 20; i++) counts.Add(contexts, CounterRandom.Bits(7, text, i) % 6);
        }

        var model = counts.ToModel(_ => -10);
        Span<int> after = stackalloc int[KneserNeyCounts.LongestOrder];
        Span<int> moved = stackalloc int[KneserNeyCounts.LongestOrder];
        var known = model.BeginText(after);
        for (var i = 0UL; i < 200; i++)
        {
            var sum = 0.0;
            for (var symbol = 0UL; symbol < 7; symbol++)
            {
                after.CopyTo(moved);
                var count = known;
                var log2 = model.Log2Probability(symbol, moved, ref count, out var isKnown);
                Assert.Equal(symbol < 6, isKnown);
                // What the base gives the six symbols is in their probabilities: the rest of the base is for the others.
                sum += Math.Pow(2, log2) * (isKnown ? 1 : 1 - 6 * Math.Pow(2, -10));
            }

            Assert.Equal(1, sum, 1e-9);
            model.Log2Probability(CounterRandom.Bits(8, 0, i) % 7, after, ref known, out _);
        }
    }

    [Fact]
    public void The_first_occurrence_of_a_symbol_is_told()
    {
        var counts = new KneserNeyCounts(3);
        var contexts = counts.BeginText();
        Assert.Equal([true, true, false, true, false], new ulong[] { 1, 2, 1, 3, 2 }.Select(symbol => counts.Add(contexts, symbol)));
    }
}
