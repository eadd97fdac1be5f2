using Coppice.Corpus.Building;

namespace Coppice.Corpus.Tests.Building;

public sealed class KeySetTests
{
    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    [InlineData(50_000)]
    public void It_has_its_keys_and_no_others(int count)
    {
        var keys = Enumerable.Range(0, count).Select(i => CounterRandom.Mix((ulong)i)).ToList();
        var set = new KeySet(keys.ToArray());
        Assert.All(keys, key => Assert.True(set.HasAny([0, key])));
        Assert.DoesNotContain(Enumerable.Range(count, 100_000), i => set.HasAny([CounterRandom.Mix((ulong)i), 1]));
        Assert.False(set.HasAny([]));
    }
}
