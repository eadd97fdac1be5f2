using System.Runtime.InteropServices;

namespace Coppice.Tensors;

/// <summary>
/// The slow, obvious implementation of every operation, in double precision on one thread: each method is the formula of its documentation.
/// It says what the fast kernels have to compute, and is what <c>COPPICE_KERNEL=scalar</c> runs.
/// </summary>
internal sealed unsafe partial class ReferenceBackend : Backend
{
    private const int MemoryAlignment = 64;

    public override string Name => "reference (scalar)";

    public override int Threads => 1;

    public override int UpdateBlock => 4096;

    public override void* Allocate(long bytes) => NativeMemory.AlignedAlloc((nuint)bytes, MemoryAlignment);

    public override void Free(void* pointer) => NativeMemory.AlignedFree(pointer);

    public override void Zero(float* destination, long count) => NativeMemory.Clear(destination, (nuint)count * sizeof(float));

    public override void Copy(float* source, float* destination, long count) => NativeMemory.Copy(source, destination, (nuint)count * sizeof(float));

    public override void CopyToHost(float* source, Span<float> destination) => new ReadOnlySpan<float>(source, destination.Length).CopyTo(destination);

    public override void CopyFromHost(ReadOnlySpan<float> source, float* destination) => source.CopyTo(new Span<float>(destination, source.Length));

    public override void CopyFromHost(ReadOnlySpan<int> source, int* destination) => source.CopyTo(new Span<int>(destination, source.Length));

    /// <summary>Nothing is held: memory is the caller's to free.</summary>
    protected override void Dispose(bool disposing)
    {
    }

    /// <summary>destination = value, or destination += value.</summary>
    private static void Write(ref float destination, double value, bool accumulate) =>
        destination = (float)(accumulate ? destination + value : value);
}
