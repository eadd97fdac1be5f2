using Coppice.Foundation;

namespace Coppice.Models.Gguf;

/// <summary>How a GGUF file stores the values of a tensor: as numbers, or in blocks that share a scale. A block lies within one row.</summary>
public abstract class BlockFormat
{
    private protected BlockFormat(uint code, string name, int blockValues, int blockBytes)
    {
        Code = code;
        Name = name;
        BlockValues = blockValues;
        BlockBytes = blockBytes;
    }

    /// <summary>The formats that can be read.</summary>
    public static IReadOnlyList<BlockFormat> All { get; } =
    [
        new Float32Format(), new Float16Format(), new BFloat16Format(), new Q8Format(), new Q4Format(), new Q4OffsetFormat(), new Q5Format(), new Q5OffsetFormat(),
        new Q4SuperFormat(), new Q5SuperFormat(), new Q6SuperFormat(),
    ];

    /// <summary>The number that stands for it in a file: ggml's type.</summary>
    public uint Code { get; }

    /// <summary>Its name, such as <c>Q4_K</c>.</summary>
    public string Name { get; }

    /// <summary>Values in a block.</summary>
    public int BlockValues { get; }

    /// <summary>Bytes that a block takes.</summary>
    public int BlockBytes { get; }

    /// <summary>The format of a name.</summary>
    /// <param name="name">Such as <c>Q4_K</c>.</param>
    /// <exception cref="CoppiceException">There is none.</exception>
    public static BlockFormat Find(string name) =>
        All.FirstOrDefault(format => string.Equals(format.Name, name, StringComparison.OrdinalIgnoreCase))
        ?? throw CoppiceException.Usage($"'{name}' is no storage type; known are {string.Join(", ", All.Select(format => format.Name))}");

    /// <summary>Whether rows of some length divide into blocks.</summary>
    /// <param name="columns">Values in a row.</param>
    public bool Fits(long columns) => columns % BlockValues == 0;

    /// <summary>The bytes that values take.</summary>
    /// <param name="values">How many; whole blocks.</param>
    public long Bytes(long values) => checked(values / BlockValues * BlockBytes);

    /// <summary>Reads whole blocks.</summary>
    /// <param name="blocks">Their bytes.</param>
    /// <param name="values">Receives their values.</param>
    public abstract void Decode(ReadOnlySpan<byte> blocks, Span<float> values);

    /// <summary>Writes whole blocks, as near to the values as the format allows.</summary>
    /// <param name="values">The values; finite.</param>
    /// <param name="blocks">Receives their bytes.</param>
    /// <exception cref="NotSupportedException">The format can only be read.</exception>
    public virtual void Encode(ReadOnlySpan<float> values, Span<byte> blocks) => throw new NotSupportedException($"{Name} can only be read.");
}

/// <summary>A format whose blocks are read and written one at a time.</summary>
internal abstract class QuantizedFormat(uint code, string name, int blockValues, int blockBytes) : BlockFormat(code, name, blockValues, blockBytes)
{
    public sealed override void Decode(ReadOnlySpan<byte> blocks, Span<float> values)
    {
        for (var i = 0; i < values.Length / BlockValues; i++) DecodeBlock(blocks.Slice(i * BlockBytes, BlockBytes), values.Slice(i * BlockValues, BlockValues));
    }

    public sealed override void Encode(ReadOnlySpan<float> values, Span<byte> blocks)
    {
        for (var i = 0; i < values.Length / BlockValues; i++) EncodeBlock(values.Slice(i * BlockValues, BlockValues), blocks.Slice(i * BlockBytes, BlockBytes));
    }

    protected abstract void DecodeBlock(ReadOnlySpan<byte> block, Span<float> values);

    protected virtual void EncodeBlock(ReadOnlySpan<float> values, Span<byte> block) => base.Encode(values, block);

    protected static float ReadHalf(ReadOnlySpan<byte> bytes) => (float)System.Buffers.Binary.BinaryPrimitives.ReadHalfLittleEndian(bytes);

    protected static void WriteHalf(Span<byte> bytes, float value) => System.Buffers.Binary.BinaryPrimitives.WriteHalfLittleEndian(bytes, (Half)value);
}
