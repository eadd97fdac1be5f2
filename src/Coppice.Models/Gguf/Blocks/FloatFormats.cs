using System.Buffers.Binary;
using Coppice.Tensors.Storage;

namespace Coppice.Models.Gguf;

/// <summary>float32, exact.</summary>
internal sealed class Float32Format() : BlockFormat(0, "F32", 1, 4)
{
    public override void Decode(ReadOnlySpan<byte> blocks, Span<float> values)
    {
        for (var i = 0; i < values.Length; i++) values[i] = BinaryPrimitives.ReadSingleLittleEndian(blocks[(4 * i)..]);
    }

    public override void Encode(ReadOnlySpan<float> values, Span<byte> blocks)
    {
        for (var i = 0; i < values.Length; i++) BinaryPrimitives.WriteSingleLittleEndian(blocks[(4 * i)..], values[i]);
    }
}

/// <summary>IEEE 754 half precision, rounded to nearest, ties to even.</summary>
internal sealed class Float16Format() : BlockFormat(1, "F16", 1, 2)
{
    public override void Decode(ReadOnlySpan<byte> blocks, Span<float> values)
    {
        for (var i = 0; i < values.Length; i++) values[i] = (float)BinaryPrimitives.ReadHalfLittleEndian(blocks[(2 * i)..]);
    }

    public override void Encode(ReadOnlySpan<float> values, Span<byte> blocks)
    {
        for (var i = 0; i < values.Length; i++) BinaryPrimitives.WriteHalfLittleEndian(blocks[(2 * i)..], (Half)values[i]);
    }
}

/// <summary>bfloat16.</summary>
internal sealed class BFloat16Format() : BlockFormat(30, "BF16", 1, 2)
{
    public override void Decode(ReadOnlySpan<byte> blocks, Span<float> values)
    {
        for (var i = 0; i < values.Length; i++) values[i] = BFloat16.ToSingle(BinaryPrimitives.ReadUInt16LittleEndian(blocks[(2 * i)..]));
    }
}
