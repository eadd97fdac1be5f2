using Coppice.Corpus.Building;

namespace Coppice.Corpus.Tests.Building;

public class ResidentMemoryTests
{
    [Fact]
    public void Garbage_is_collected_where_the_process_has_come_near_the_limit()
    {
        var before = GC.CollectionCount(GC.MaxGeneration);
        new ResidentMemory(limit: 1).Keep();
        Assert.True(GC.CollectionCount(GC.MaxGeneration) > before);
    }
}
