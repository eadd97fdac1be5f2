namespace Coppice.Tensors;

/// <summary>A run of 32-bit integers in a backend's memory: token ids, positions, document boundaries. Made by a tape, lives until its reset.</summary>
public sealed unsafe class IntTensor
{
    private int* _data;

    /// <summary>The number of integers.</summary>
    public int Count { get; internal set; }

    /// <summary>The integers. Asking after the reset is an error here, not a crash in a kernel.</summary>
    internal int* Data
    {
        get => _data != null ? _data : throw new InvalidOperationException($"The memory of these {Count} integers was given back: the tape was reset.");
        set => _data = value;
    }
}
