using Coppice.Corpus.Deduplication;
using Coppice.Testing;

namespace Coppice.Corpus.Tests.Deduplication;

public sealed class ExternalSorterTests
{
    [Theory]
    [InlineData(0, 0)]
    [InlineData(4096, 0)]
    [InlineData(4097, 2)]
    [InlineData(100_000, 25)]
    public void Records_come_out_in_order_whether_they_fit_or_not(int count, int runs)
    {
        using var folder = new TemporaryFolder();
        var random = new Random(count);
        var numbers = Enumerable.Range(0, count).Select(_ => new BandKey((ulong)random.Next(1000), random.Next())).ToList();
        using (var sorter = new ExternalSorter<BandKey>(folder.Root, memory: 0))
        {
            foreach (var number in numbers) sorter.Add(number);
            Assert.Equal(numbers.Order(), sorter.Sorted());
            Assert.Equal(runs, sorter.Runs);
        }

        Assert.Empty(Directory.GetFiles(folder.Root));
    }
}
