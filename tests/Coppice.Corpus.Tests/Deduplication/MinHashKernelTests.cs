using Coppice.Corpus.Deduplication;

namespace Coppice.Corpus.Tests.Deduplication;

public sealed class MinHashKernelTests
{
    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    [InlineData(1023)]
    public void All_vector_widths_give_the_same_numbers(int count)
    {
        var random = new Random(count);
        ulong[] Numbers() => [.. Enumerable.Range(0, 3 * MinHashKernel.Multiple).Select(_ => (ulong)random.NextInt64(long.MinValue, long.MaxValue))];
        var (factors, addends) = (Numbers(), Numbers());
        var shingles = Enumerable.Range(0, count).Select(_ => (uint)random.NextInt64(1L << 32)).ToArray();
        var expected = new ulong[factors.Length];
        Array.Fill(expected, ulong.MaxValue - 5);
        var (by128, by256, by512, chosen) = ((ulong[])expected.Clone(), (ulong[])expected.Clone(), (ulong[])expected.Clone(), (ulong[])expected.Clone());
        MinHashKernel.UpdateScalar(shingles, factors, addends, expected);
        MinHashKernel.Update128(shingles, factors, addends, by128);
        MinHashKernel.Update256(shingles, factors, addends, by256);
        MinHashKernel.Update512(shingles, factors, addends, by512);
        MinHashKernel.Update(shingles, factors, addends, chosen);
        Assert.Equal(expected, by128);
        Assert.Equal(expected, by256);
        Assert.Equal(expected, by512);
        Assert.Equal(expected, chosen);
        if (count > 0) Assert.Equal(shingles.Min(x => (factors[0] * x) + addends[0]), expected[0]);
    }

    [Fact]
    public void Signatures_estimate_the_Jaccard_similarity()
    {
        var maker = new TextMaker(1);
        var shingling = new Shingling(ShingleUnit.Words, 3);
        var hasher = new MinHasher(shingling, 2000, seed: 1);
        for (var pair = 0; pair < 20; pair++)
        {
            var text = maker.Text(200);
            var other = maker.Edited(text, 0.01 * pair);
            var (first, second) = (new uint[2000], new uint[2000]);
            hasher.Sign(text, first);
            hasher.Sign(other, second);
            var similarity = shingling.Jaccard(text, other);
            Assert.Equal(similarity, MinHasher.Similarity(first, second), 4 * Math.Sqrt((similarity * (1 - similarity) / 2000) + 1e-9));
        }
    }
}
