namespace Coppice.Models.Gguf;

/// <summary>What a GGUF file says about a tensor; checked against the file before anyone sees it.</summary>
/// <param name="Name">Its name, such as <c>blk.0.attn_q.weight</c>.</param>
/// <param name="Format">How its values are stored.</param>
/// <param name="Shape">The length of each dimension, slowest first (a file has them the other way round).</param>
/// <param name="Offset">Where its data begin, in bytes from the start of the file.</param>
public sealed record GgufTensor(string Name, BlockFormat Format, IReadOnlyList<long> Shape, long Offset)
{
    /// <summary>The number of values.</summary>
    public long Count { get; } = Shape.Aggregate(1L, (product, length) => checked(product * length));

    /// <summary>The bytes that the data take.</summary>
    public long Bytes => Format.Bytes(Count);
}
