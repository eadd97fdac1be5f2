namespace Coppice.Tensors;

/// <summary>A quantised matrix as kernels see it.</summary>
public unsafe struct QuantizedWeights
{
    /// <summary>How the weights are stored.</summary>
    public QuantizedType Type;

    /// <summary>Rows: the outputs of a product.</summary>
    public int Rows;

    /// <summary>Columns: its inputs.</summary>
    public int Columns;

    /// <summary>The levels, in the order that <see cref="QuantizedMatrix"/> gives them.</summary>
    public byte* Levels;

    /// <summary>The scales, and in int4 the minima, half-precision numbers.</summary>
    public ushort* Scales;
}
