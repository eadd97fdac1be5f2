using Coppice.Corpus.Deduplication;
using Coppice.Testing;

namespace Coppice.Corpus.Tests.Deduplication;

public sealed class RepeatedKeysTests
{
    private const int Count = 100_000;

    [Fact]
    public void No_key_that_was_there_twice_is_missed_and_few_others_are_taken_for_one()
    {
        var keys = new RepeatedKeys(Count);
        for (var i = 0; i < Count; i++) keys.Add(KeyOf(i));
        for (var i = 0; i < Count; i += 10) keys.Add(KeyOf(i));
        var repeated = Enumerable.Range(0, Count).Where(i => keys.IsRepeated(KeyOf(i))).ToList();
        Assert.Equal(Count / 10, repeated.Count(i => i % 10 == 0));
        Assert.InRange(repeated.Count(i => i % 10 != 0), 1, Count / 10);
    }

    [Theory]
    [InlineData(1L << 30)]
    [InlineData(1)]
    public void Records_that_share_a_key_are_sorted_in_memory_and_on_the_disk(long memory)
    {
        using var folder = new TemporaryFolder();
        using var sorter = new ExternalSorter<BandKey>(folder.Root, memory);
        var records = Enumerable.Range(0, 20_001).Select(i => new BandKey(KeyOf(i % 5 == 0 ? i / 10 : i), i)).ToList();
        sorter.Add(records.AsEnumerable().Reverse().ToArray());
        var sorted = sorter.SortedShared(record => record.Key).ToList();
        Assert.Equal(sorted.Order(), sorted);
        var shared = records.GroupBy(record => record.Key).Where(group => group.Count() > 1).SelectMany(group => group).ToList();
        Assert.InRange(shared.Count, 3000, 8000);
        Assert.Empty(shared.Except(sorted));
        Assert.Empty(sorted.Except(records));
        Assert.InRange(sorted.Count, shared.Count, sorter.Runs == 0 ? shared.Count * 2 : records.Count);
    }

    private static ulong KeyOf(int i) => CounterRandom.Mix((ulong)i);
}
