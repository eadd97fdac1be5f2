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
        var reader = new KneserNeyReader(model);
        for (var i = 0UL; i < 200; i++)
        {
            var sum = 0.0;
            for (var symbol = 0UL; symbol < 7; symbol++)
            {
                var copy = reader;
                var log2 = copy.Next(symbol, out var isKnown);
                Assert.Equal(symbol < 6, isKnown);
                // What the base gives the six symbols is in their probabilities: the rest of the base is for the others.
                sum += Math.Pow(2, log2) * (isKnown ? 1 : 1 - 6 * Math.Pow(2, -10));
            }

            Assert.Equal(1, sum, 1e-9);
            reader.Next(CounterRandom.Bits(8, 0, i) % 7, out _);
        }
    }

    [Fact]
    public void Symbols_read_at_once_have_the_probabilities_of_symbols_read_one_by_one()
    {
        var counts = new KneserNeyCounts(4);
        var contexts = counts.BeginText();
        for (var i = 0UL; i < 500; i++) counts.Add(contexts, CounterRandom.Bits(3, 0, i) % 5);
        var model = counts.ToModel(_ => -10);
        var (one, several) = (new KneserNeyReader(model), new KneserNeyReader(model));
        for (var length = 0; length <= KneserNeyReader.MostAtOnce; length++)
        {
            ulong[] symbols = [.. Enumerable.Range(0, length).Select(i => CounterRandom.Bits(4, (ulong)length, (ulong)i) % 6)];
            var (log2, known) = (new double[length], new bool[length]);
            several.Next(symbols, log2, known);
            for (var i = 0; i < length; i++)
            {
                Assert.Equal(one.Next(symbols[i], out var isKnown), log2[i]);
                Assert.Equal(isKnown, known[i]);
            }
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
