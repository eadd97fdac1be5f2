namespace Coppice.Tensors;

/// <summary>
/// The memory of a training step. Blocks are handed out and taken back at any time (best fit, neighbours joined), and the pages stay with
/// the arena, so a step in steady state asks the operating system and the garbage collector for nothing. Not thread-safe.
/// </summary>
/// <remarks>The same sequence of calls gives the same addresses relative to the slabs: nothing here depends on time or threads.</remarks>
public sealed unsafe class Arena : IDisposable
{
    // 64 bytes: a cache line, and the width of the widest vector.
    private const long Alignment = 64;
    private const long MinimumSlab = 32L << 20;

    private readonly Backend _backend;
    private readonly List<nint> _slabs = [];

    // How far into each slab blocks have ever reached.
    private readonly List<long> _touched = [];

    // All blocks, free and taken, sorted by address: a block's neighbours in the list are its neighbours in memory.
    private readonly List<Block> _blocks = [];

    /// <summary>Creates an empty arena.</summary>
    /// <param name="backend">Allocates the slabs.</param>
    public Arena(Backend backend) => _backend = backend;

    /// <summary>Bytes handed out now.</summary>
    public long BytesInUse { get; private set; }

    /// <summary>The largest number of bytes that were handed out at one time since <see cref="ResetPeak"/>.</summary>
    public long PeakBytes { get; private set; }

    /// <summary>Bytes held from the operating system.</summary>
    public long ReservedBytes { get; private set; }

    /// <summary>Bytes of the slabs as far as blocks have ever reached into them: what the operating system has had to find pages for.</summary>
    public long TouchedBytes => _touched.Sum();

    /// <summary>Forgets the peak: the bytes in use now become the peak.</summary>
    public void ResetPeak() => PeakBytes = BytesInUse;

    internal void* Allocate(long bytes)
    {
        bytes = Math.Max(Alignment, (bytes + Alignment - 1) / Alignment * Alignment);
        var best = FindBestFit(bytes);
        if (best < 0)
        {
            AddSlab(bytes);
            best = FindBestFit(bytes);
        }

        var block = _blocks[best];
        if (block.Bytes > bytes) _blocks.Insert(best + 1, new Block(block.Address + (nint)bytes, block.Bytes - bytes, block.Slab, Free: true));
        _blocks[best] = new Block(block.Address, bytes, block.Slab, Free: false);
        var slab = block.Slab - 1;
        _touched[slab] = Math.Max(_touched[slab], block.Address - _slabs[slab] + bytes);
        BytesInUse += bytes;
        PeakBytes = Math.Max(PeakBytes, BytesInUse);
        return (void*)block.Address;
    }

    internal void Free(void* pointer)
    {
        var index = Find((nint)pointer);
        var block = _blocks[index];
        if (block.Free) throw new InvalidOperationException("A block of the arena was freed twice.");
        BytesInUse -= block.Bytes;
        var (first, last) = (index, index);
        if (index > 0 && _blocks[index - 1] is { Free: true } before && before.Slab == block.Slab) first--;
        if (index + 1 < _blocks.Count && _blocks[index + 1] is { Free: true } after && after.Slab == block.Slab) last++;
        var bytes = 0L;
        for (var i = first; i <= last; i++) bytes += _blocks[i].Bytes;
        _blocks[first] = new Block(_blocks[first].Address, bytes, block.Slab, Free: true);
        if (last > first) _blocks.RemoveRange(first + 1, last - first);
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        foreach (var slab in _slabs) _backend.Free((void*)slab);
        _slabs.Clear();
        _touched.Clear();
        _blocks.Clear();
        (BytesInUse, ReservedBytes) = (0, 0);
    }

    private int FindBestFit(long bytes)
    {
        var best = -1;
        var bestBytes = long.MaxValue;
        var blocks = System.Runtime.InteropServices.CollectionsMarshal.AsSpan(_blocks);
        for (var i = 0; i < blocks.Length; i++)
        {
            if (!blocks[i].Free || blocks[i].Bytes < bytes || blocks[i].Bytes >= bestBytes) continue;
            (best, bestBytes) = (i, blocks[i].Bytes);
        }

        return best;
    }

    private int Find(nint address)
    {
        var (low, high) = (0, _blocks.Count - 1);
        while (low <= high)
        {
            var middle = (low + high) / 2;
            if (_blocks[middle].Address == address) return middle;
            if (_blocks[middle].Address < address) low = middle + 1;
            else high = middle - 1;
        }

        throw new InvalidOperationException("The memory does not belong to this arena.");
    }

    private void AddSlab(long bytes)
    {
        var size = Math.Max(bytes, MinimumSlab);
        var address = (nint)_backend.Allocate(size);
        _slabs.Add(address);
        _touched.Add(0);
        ReservedBytes += size;
        var index = _blocks.FindIndex(block => block.Address > address);
        _blocks.Insert(index < 0 ? _blocks.Count : index, new Block(address, size, _slabs.Count, Free: true));
    }

    private readonly record struct Block(nint Address, long Bytes, int Slab, bool Free);
}
