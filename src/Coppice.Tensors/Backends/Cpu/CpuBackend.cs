using System.Runtime.InteropServices;

namespace Coppice.Tensors;

/// <summary>
/// The processor's vector units, at one vector width. Each kind of operation is in a file of its own; each splits its work over disjoint
/// outputs and takes every sum in an order that does not depend on the number of threads.
/// </summary>
/// <typeparam name="S">The vector width.</typeparam>
/// <typeparam name="V">Its vector type.</typeparam>
internal sealed unsafe partial class CpuBackend<S, V> : Backend
    where S : struct, ISimd<V>
    where V : unmanaged
{
    // Elements that one item of an element-wise job handles: large enough to hide the cost of handing it out, small enough to share out.
    private const int ElementsPerItem = 1 << 14;

    private readonly WorkerPool _pool;
    private readonly string _level;
    private readonly Scratch[] _scratch;
    private Scratch _shared;

    public CpuBackend(int threads, string level)
    {
        _pool = new WorkerPool(threads);
        _level = level;
        _scratch = new Scratch[threads];
    }

    public override string Name => $"cpu ({_level}, {Threads} {(Threads == 1 ? "thread" : "threads")})";

    public override int Threads => _pool.Threads;

    public override int UpdateBlock => 4096;

    public override void* Allocate(long bytes) => NativeMemory.AlignedAlloc((nuint)bytes, 64);

    public override void Free(void* pointer) => NativeMemory.AlignedFree(pointer);

    public override void Zero(float* destination, long count)
    {
        var job = new ZeroJob { Destination = destination, Count = count };
        _pool.Run(ref job, Items(count));
    }

    public override void Copy(float* source, float* destination, long count)
    {
        var job = new CopyJob { Source = source, Destination = destination, Count = count };
        _pool.Run(ref job, Items(count));
    }

    public override void CopyToHost(float* source, Span<float> destination) => new ReadOnlySpan<float>(source, destination.Length).CopyTo(destination);

    public override void CopyFromHost(ReadOnlySpan<float> source, float* destination) => source.CopyTo(new Span<float>(destination, source.Length));

    public override void CopyFromHost(ReadOnlySpan<int> source, int* destination) => source.CopyTo(new Span<int>(destination, source.Length));

    protected override void Dispose(bool disposing)
    {
        _pool.Dispose();
        foreach (ref var scratch in _scratch.AsSpan()) scratch.Free();
        _shared.Free();
    }

    private static int Items(long count) => checked((int)((count + ElementsPerItem - 1) / ElementsPerItem));

    /// <summary>The part [start, end) of <paramref name="count"/> elements that an item handles.</summary>
    private static (long Start, long End) Part(int item, long count)
    {
        var start = (long)item * ElementsPerItem;
        return (start, Math.Min(count, start + ElementsPerItem));
    }

    /// <summary>How many rows of a matrix one item handles, so that an item is neither tiny nor the whole.</summary>
    private static int RowsPerItem(int columns) => Math.Max(1, ElementsPerItem / 4 / Math.Max(1, columns));

    /// <summary>Grows every worker's scratch memory to a size; called before a job, as threads must not allocate while they share one.</summary>
    private void ReserveScratch(long bytes)
    {
        foreach (ref var scratch in _scratch.AsSpan()) scratch.Reserve(bytes);
    }

    /// <summary>Scratch memory of one thread, kept from call to call.</summary>
    private struct Scratch
    {
        private long _bytes;

        public nint Address { get; private set; }

        public void Reserve(long bytes)
        {
            if (bytes <= _bytes) return;
            Free();
            Address = (nint)NativeMemory.AlignedAlloc((nuint)bytes, 64);
            _bytes = bytes;
        }

        public void Free()
        {
            NativeMemory.AlignedFree((void*)Address);
            (Address, _bytes) = (0, 0);
        }
    }

    private struct ZeroJob : IJob
    {
        public float* Destination;
        public long Count;

        public readonly void Run(int item, int worker)
        {
            var (start, end) = Part(item, Count);
            NativeMemory.Clear(Destination + start, (nuint)((end - start) * sizeof(float)));
        }
    }

    private struct CopyJob : IJob
    {
        public float* Source;
        public float* Destination;
        public long Count;

        public readonly void Run(int item, int worker)
        {
            var (start, end) = Part(item, Count);
            NativeMemory.Copy(Source + start, Destination + start, (nuint)((end - start) * sizeof(float)));
        }
    }
}
