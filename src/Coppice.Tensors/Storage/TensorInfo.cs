namespace Coppice.Tensors.Storage;

/// <summary>What a file says about one of its tensors; checked against the file before anyone sees it.</summary>
public sealed class TensorInfo
{
    internal TensorInfo(string name, TensorDataType dataType, long[] shape, long count, long offset)
    {
        Name = name;
        DataType = dataType;
        Shape = shape;
        Count = count;
        Offset = offset;
    }

    /// <summary>The tensor's name, such as <c>transformer.wte.weight</c>.</summary>
    public string Name { get; }

    /// <summary>How an element is stored.</summary>
    public TensorDataType DataType { get; }

    /// <summary>The length of each dimension, slowest first; empty for a scalar.</summary>
    public IReadOnlyList<long> Shape { get; }

    /// <summary>The number of elements.</summary>
    public long Count { get; }

    /// <summary>The number of bytes in the file.</summary>
    public long ByteCount => Count * DataType.ElementSize();

    /// <summary>Where the tensor begins, in bytes from the start of the data section.</summary>
    internal long Offset { get; }

    /// <inheritdoc/>
    public override string ToString() => $"{Name}: {DataType.Name()}[{string.Join(", ", Shape)}]";
}
