using System.Runtime.InteropServices;

namespace Coppice.Tensors.Tests;

public sealed unsafe class WorkerPoolTests
{
    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    [InlineData(8)]
    public void Every_item_is_done_exactly_once_by_a_worker_that_exists(int threads)
    {
        using var pool = new WorkerPool(threads);
        Assert.Equal(threads, pool.Threads);
        using var counts = new Counts(1000);
        foreach (var items in (ReadOnlySpan<int>)[0, 1, 2, 3, 10, 1000])
        {
            counts.Clear();
            var job = new CountJob { Counts = counts.Pointer, Threads = threads };
            pool.Run(ref job, items);
            for (var i = 0; i < 1000; i++) Assert.Equal(i < items ? 1 : 0, counts.Pointer[i]);
        }
    }

    [Theory]
    [InlineData(2)]
    [InlineData(4)]
    public void Many_short_runs_lose_and_repeat_nothing(int threads)
    {
        const int Runs = 20_000, Items = 5;
        using var pool = new WorkerPool(threads);
        using var counts = new Counts(Items);
        for (var run = 1; run <= Runs; run++)
        {
            var job = new CountJob { Counts = counts.Pointer, Threads = threads };
            pool.Run(ref job, Items);
            // A run is over when it returns: no helper is still at work on it.
            for (var i = 0; i < Items; i++) Assert.Equal(run, counts.Pointer[i]);
        }
    }

    [Fact]
    public void Sleeping_helpers_wake_up()
    {
        using var pool = new WorkerPool(2);
        using var counts = new Counts(3);
        for (var round = 0; round < 5; round++)
        {
            Thread.Sleep(50);
            counts.Clear();
            // Two items that wait for each other: done only if the helper takes one of them.
            var job = new MeetJob { Arrived = counts.Pointer };
            pool.Run(ref job, 2);
            Assert.Equal(2, counts.Pointer[0]);
        }
    }

    [Theory]
    [InlineData(1)]
    [InlineData(3)]
    public void A_failure_reaches_the_caller_and_the_pool_goes_on(int threads)
    {
        using var pool = new WorkerPool(threads);
        var failing = new FailJob();
        var failure = Assert.Throws<InvalidOperationException>(() => pool.Run(ref failing, 20));
        Assert.Contains("item 7", (failure.InnerException ?? failure).Message, StringComparison.Ordinal);

        using var counts = new Counts(20);
        var job = new CountJob { Counts = counts.Pointer, Threads = threads };
        pool.Run(ref job, 20);
        for (var i = 0; i < 20; i++) Assert.Equal(1, counts.Pointer[i]);
    }

    [Fact]
    public void A_run_allocates_nothing()
    {
        using var pool = new WorkerPool(2);
        using var counts = new Counts(100);
        var job = new CountJob { Counts = counts.Pointer, Threads = 2 };
        pool.Run(ref job, 100);
        var before = GC.GetAllocatedBytesForCurrentThread();
        for (var i = 0; i < 100; i++) pool.Run(ref job, 100);
        Assert.Equal(before, GC.GetAllocatedBytesForCurrentThread());
    }

    [Fact]
    public void Disposing_ends_helpers_that_sleep_and_helpers_that_spin()
    {
        for (var i = 0; i < 20; i++)
        {
            // Returns only once all helpers have ended.
            using var pool = new WorkerPool(3);
            if (i % 4 == 0) Thread.Sleep(20);
        }
    }

    [Fact]
    public void A_pool_has_at_least_one_thread() => Assert.Throws<ArgumentOutOfRangeException>(() => new WorkerPool(0));

    private struct CountJob : IJob
    {
        public int* Counts;
        public int Threads;

        public readonly void Run(int item, int worker)
        {
            if (worker < 0 || worker >= Threads) throw new ArgumentOutOfRangeException(nameof(worker));
            Interlocked.Increment(ref Counts[item]);
        }
    }

    private struct MeetJob : IJob
    {
        public int* Arrived;

        public readonly void Run(int item, int worker)
        {
            Interlocked.Increment(ref *Arrived);
            if (!SpinWait.SpinUntil(BothArrived, TimeSpan.FromSeconds(30))) throw new TimeoutException("The helper did not come.");
        }

        private readonly bool BothArrived() => Volatile.Read(ref *Arrived) == 2;
    }

    private struct FailJob : IJob
    {
        public readonly void Run(int item, int worker)
        {
            if (item == 7) throw new InvalidOperationException("item 7 has failed");
        }
    }

    private sealed class Counts(int length) : IDisposable
    {
        public int* Pointer { get; } = (int*)NativeMemory.AllocZeroed((nuint)length, sizeof(int));

        public void Clear() => new Span<int>(Pointer, length).Clear();

        public void Dispose() => NativeMemory.Free(Pointer);
    }
}
