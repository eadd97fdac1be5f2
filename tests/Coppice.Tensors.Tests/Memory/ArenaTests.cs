namespace Coppice.Tensors.Tests;

public sealed unsafe class ArenaTests : IDisposable
{
    private readonly Backend _backend = Backends.Create(1, KernelLevel.Scalar);

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    public void Blocks_are_aligned_never_overlap_and_are_all_reusable_in_the_end(int seed)
    {
        using var arena = new Arena(_backend);
        var random = new Random(seed);
        var taken = new List<(nint Address, long Bytes)>();
        long inUse = 0, peak = 0;
        for (var i = 0; i < 3000; i++)
        {
            if (taken.Count > 0 && random.Next(100) < 48)
            {
                var victim = random.Next(taken.Count);
                arena.Free((void*)taken[victim].Address);
                inUse -= taken[victim].Bytes;
                taken.RemoveAt(victim);
            }
            else
            {
                var asked = random.NextInt64(1L << random.Next(1, 22));
                var address = (nint)arena.Allocate(asked);
                var bytes = Math.Max(64, (asked + 63) / 64 * 64);
                Assert.Equal(0, address % 64);
                Assert.DoesNotContain(taken, other => address < other.Address + other.Bytes && other.Address < address + bytes);
                taken.Add((address, bytes));
                inUse += bytes;
            }

            peak = Math.Max(peak, inUse);
            Assert.Equal(inUse, arena.BytesInUse);
            Assert.Equal(peak, arena.PeakBytes);
        }

        foreach (var (address, _) in taken) arena.Free((void*)address);
        Assert.Equal(0, arena.BytesInUse);

        // Neighbours were joined: the whole first slab fits again, without another from the operating system.
        var reserved = arena.ReservedBytes;
        var whole = arena.Allocate(32L << 20);
        Assert.Equal(reserved, arena.ReservedBytes);
        arena.Free(whole);
    }

    [Fact]
    public void Memory_can_be_written_to_its_last_byte()
    {
        using var arena = new Arena(_backend);
        foreach (var bytes in (ReadOnlySpan<long>)[0, 1, 64, 65, 100_000, 40L << 20])
        {
            var pointer = (byte*)arena.Allocate(bytes);
            if (bytes > 0) (pointer[0], pointer[bytes - 1]) = (1, 2);
        }
    }

    [Fact]
    public void The_same_calls_give_the_same_places()
    {
        Assert.Equal(Places(), Places());

        List<long> Places()
        {
            using var arena = new Arena(_backend);
            var random = new Random(1);
            var first = (nint)arena.Allocate(1);
            var places = new List<long>();
            var taken = new List<nint>();
            for (var i = 0; i < 300; i++)
            {
                if (taken.Count > 0 && random.Next(2) == 0)
                {
                    var victim = random.Next(taken.Count);
                    arena.Free((void*)taken[victim]);
                    taken.RemoveAt(victim);
                    continue;
                }

                taken.Add((nint)arena.Allocate(random.Next(50_000)));
                places.Add(taken[^1] - first);
            }

            return places;
        }
    }

    [Fact]
    public void Steady_state_asks_for_no_more_memory()
    {
        using var arena = new Arena(_backend);
        var reserved = 0L;
        for (var step = 0; step < 10; step++)
        {
            void* a = arena.Allocate(20 << 20), b = arena.Allocate(30 << 20), c = arena.Allocate(1000);
            arena.Free(b);
            var d = arena.Allocate(25 << 20);
            arena.Free(a);
            arena.Free(d);
            arena.Free(c);
            if (step == 0) reserved = arena.ReservedBytes;
        }

        Assert.Equal(reserved, arena.ReservedBytes);
    }

    [Fact]
    public void The_peak_can_be_forgotten()
    {
        using var arena = new Arena(_backend);
        var kept = arena.Allocate(64);
        arena.Free(arena.Allocate(640));
        Assert.Equal(704, arena.PeakBytes);
        arena.ResetPeak();
        Assert.Equal(64, arena.PeakBytes);
        arena.Free(kept);
    }

    [Fact]
    public void Misuse_is_refused()
    {
        using var arena = new Arena(_backend);
        var pointer = (nint)arena.Allocate(100);
        Assert.Throws<InvalidOperationException>(() => arena.Free((void*)(pointer + 64)));
        arena.Free((void*)pointer);
        Assert.Throws<InvalidOperationException>(() => arena.Free((void*)pointer));
    }

    public void Dispose() => _backend.Dispose();
}
