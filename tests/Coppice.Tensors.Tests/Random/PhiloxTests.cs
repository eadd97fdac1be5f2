namespace Coppice.Tensors.Tests;

public sealed class PhiloxTests
{
    // The known answers that the authors publish with Random123.
    [Theory]
    [InlineData(0, 0, 0, 0, 0, 0, 0x6627e8d5, 0xe169c58d, 0xbc57ac4c, 0x9b00dbd8)]
    [InlineData(0xffffffff, 0xffffffff, 0xffffffff, 0xffffffff, 0xffffffff, 0xffffffff, 0x408f276d, 0x41c83b0e, 0xa20bc7c6, 0x6d5451fd)]
    [InlineData(0x243f6a88, 0x85a308d3, 0x13198a2e, 0x03707344, 0xa4093822, 0x299f31d0, 0xd16cfe09, 0x94fdcceb, 0x5001e420, 0x24126ea1)]
    public void Blocks_are_the_published_ones(uint c0, uint c1, uint c2, uint c3, uint k0, uint k1, uint x, uint y, uint z, uint w)
    {
        Assert.Equal((x, y, z, w), Philox.Block(c0, c1, c2, c3, k0, k1));
        // The same through a stream: seed and stream and index are halves of key and counter.
        var random = new Philox(((ulong)k1 << 32) | k0, ((ulong)c3 << 32) | c2);
        Assert.Equal((x, y, z, w), random.Words(((ulong)c1 << 32) | c0));
    }

    [Fact]
    public void Words_are_the_blocks_one_after_the_other()
    {
        var random = new Philox(3, 4);
        for (ulong block = 0; block < 10; block++)
        {
            var (x, y, z, w) = random.Words(block);
            Assert.Equal([x, y, z, w], Enumerable.Range(0, 4).Select(i => random.Word(4 * block + (ulong)i)));
        }
    }

    [Fact]
    public void Seeds_and_streams_differ()
    {
        var words = new HashSet<uint>();
        for (ulong seed = 0; seed < 10; seed++)
        {
            for (ulong stream = 0; stream < 10; stream++) words.Add(new Philox(seed, stream).Word(0));
        }

        Assert.Equal(100, words.Count);
    }

    [Fact]
    public void Uniform_numbers_have_the_moments_of_the_uniform_distribution()
    {
        float[] values = [.. Enumerable.Range(0, 200_000).Select(i => new Philox(1, 1).Uniform((ulong)i))];
        Assert.True(values.All(value => value is >= 0 and <= 1 - 1f / (1 << 24)));
        AssertMoments(values.Select(value => (double)value), mean: 0.5, variance: 1.0 / 12, fourth: 1.0 / 80);
        AssertMoments(Enumerable.Range(0, 200_000).Select(i => new Philox(1, 2).UniformDouble((ulong)i)), mean: 0.5, variance: 1.0 / 12, fourth: 1.0 / 80);
    }

    [Fact]
    public void Normal_numbers_have_the_moments_of_the_normal_distribution()
    {
        double[] values = [.. Enumerable.Range(0, 200_000).Select(i => (double)new Philox(1, 3).Normal((ulong)i))];
        Assert.True(values.All(double.IsFinite));
        AssertMoments(values, mean: 0, variance: 1, fourth: 3);
        Assert.Equal(0, values.Average(value => value * value * value), 0.05);
        // The tails: 0.27 % lie beyond three standard deviations.
        Assert.InRange(values.Count(value => Math.Abs(value) > 3) / 200_000.0, 0.0021, 0.0033);
    }

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(7)]
    [InlineData(1000)]
    [InlineData(int.MaxValue)]
    public void Integers_lie_below_their_bound_and_are_spread_evenly(int bound)
    {
        const int Count = 50_000;
        int[] values = [.. Enumerable.Range(0, Count).Select(i => new Philox(9, 9).Integer((ulong)i, bound))];
        Assert.True(values.All(value => value >= 0 && value < bound));
        // The mean of a uniform integer, within five standard deviations.
        var deviation = bound / Math.Sqrt(12.0 * Count);
        Assert.InRange(values.Average(), (bound - 1) / 2.0 - 5 * deviation, (bound - 1) / 2.0 + 5 * deviation);
    }

    [Fact]
    public void Integers_need_a_bound() => Assert.Throws<ArgumentOutOfRangeException>(() => new Philox(1, 1).Integer(0, 0));

    private static void AssertMoments(IEnumerable<double> numbers, double mean, double variance, double fourth)
    {
        double[] values = [.. numbers];
        Assert.Equal(mean, values.Average(), 0.01);
        Assert.InRange(values.Average(value => Math.Pow(value - mean, 2)), variance * 0.98, variance * 1.02);
        Assert.InRange(values.Average(value => Math.Pow(value - mean, 4)), fourth * 0.95, fourth * 1.05);
    }
}
