using Coppice.Corpus.Deduplication;

namespace Coppice.Corpus.Tests.Deduplication;

public sealed class RepeatedKeysTests
{
    private const int Count = 100_000;

    [Fact]
    public void No_key_that_was_there_twice_is_missed_and_few_others_are_taken_for_one()
    {
        var keys = new RepeatedKeys(Count, long.MaxValue);
        Parallel.For(0, Count, i => keys.Add(KeyOf(i)));
        Parallel.For(0, Count / 10, i => keys.Add(KeyOf(i * 10)));
        var repeated = Enumerable.Range(0, Count).Where(i => keys.IsRepeated(KeyOf(i))).ToList();
        Assert.Equal(Count / 10, repeated.Count(i => i % 10 == 0));
        Assert.InRange(repeated.Count(i => i % 10 != 0), 1, Count / 10);
    }

    [Fact]
    public void With_too_little_memory_it_still_misses_none()
    {
        var keys = new RepeatedKeys(Count, memory: 1);
        for (var i = 0; i < Count; i++) keys.Add(KeyOf(i % (Count / 2)));
        Assert.All(Enumerable.Range(0, Count / 2), i => Assert.True(keys.IsRepeated(KeyOf(i))));
    }

    private static ulong KeyOf(int i) => CounterRandom.Mix((ulong)i);
}
