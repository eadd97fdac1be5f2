namespace Coppice.Tensors;

/// <summary>A run of 32-bit integers in a backend's memory: token ids, positions, document boundaries. Made by a tape, lives until its reset.</summary>
public sealed unsafe class IntTensor
{
    /// <summary>The number of integers.</summary>
    public int Count { get; internal set; }

    internal int* Data { get; set; }
}
