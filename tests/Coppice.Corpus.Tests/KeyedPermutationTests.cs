namespace Coppice.Corpus.Tests;

public sealed class KeyedPermutationTests
{
    [Fact]
    public void Every_size_up_to_300_gives_each_value_once()
    {
        for (var count = 1; count <= 300; count++) AssertBijection(count, (ulong)count * 77);
    }

    [Theory]
    [InlineData(1023)]
    [InlineData(1024)]
    [InlineData(1025)]
    [InlineData(65_537)]
    [InlineData(300_001)]
    public void Larger_sizes_give_each_value_once(int count) => AssertBijection(count, 5);

    [Fact]
    public void Sizes_beyond_32_bits_stay_inside_and_do_not_collide()
    {
        const long Count = 3_000_000_000_001;
        var order = new KeyedPermutation(Count, 9);
        var seen = new HashSet<long>();
        for (var i = 0L; i < 10_000; i++)
        {
            var value = order[Count - 1 - i * 7];
            Assert.InRange(value, 0, Count - 1);
            Assert.True(seen.Add(value));
        }
    }

    [Fact]
    public void Two_keys_give_two_orders_and_neither_is_the_identity()
    {
        const int Count = 1000;
        var one = new KeyedPermutation(Count, 1);
        var two = new KeyedPermutation(Count, 2);
        var sameAsOther = Enumerable.Range(0, Count).Count(i => one[i] == two[i]);
        var fixedPoints = Enumerable.Range(0, Count).Count(i => one[i] == i);

        // A random permutation has one fixed point on average; ten or more have a probability below one in a million.
        Assert.InRange(sameAsOther, 0, 10);
        Assert.InRange(fixedPoints, 0, 10);
    }

    [Fact]
    public void Neighbours_end_up_apart()
    {
        const int Count = 10_000;
        var order = new KeyedPermutation(Count, 3);
        var distance = Enumerable.Range(0, Count - 1).Average(i => Math.Abs(order[i + 1] - order[i]));

        // The mean distance of two random places is a third of the range.
        Assert.InRange(distance, Count * 0.31, Count * 0.36);
    }

    private static void AssertBijection(int count, ulong key)
    {
        var order = new KeyedPermutation(count, key);
        var seen = new bool[count];
        for (var i = 0; i < count; i++)
        {
            var value = order[i];
            Assert.False(seen[value], $"size {count}: {value} came twice");
            seen[value] = true;
        }
    }
}
