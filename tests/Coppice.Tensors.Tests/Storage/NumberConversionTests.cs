using Coppice.Tensors.Storage;

namespace Coppice.Tensors.Tests.Storage;

public sealed class NumberConversionTests
{
    [Fact]
    public void Every_bfloat16_survives_a_round_trip_through_float32()
    {
        for (var bits = 0; bits <= ushort.MaxValue; bits++)
        {
            var value = BFloat16.ToSingle((ushort)bits);
            if (float.IsNaN(value)) Assert.True(float.IsNaN(BFloat16.ToSingle(BFloat16.FromSingle(value))));
            else Assert.Equal((ushort)bits, BFloat16.FromSingle(value));
        }
    }

    [Theory]
    [InlineData(0x3F808000u, 0x3F80)] // halfway, even below: down
    [InlineData(0x3F808001u, 0x3F81)] // just above halfway: up
    [InlineData(0x3F818000u, 0x3F82)] // halfway, odd below: up to even
    [InlineData(0x3F817FFFu, 0x3F81)] // just under halfway: down
    [InlineData(0x7F7FFFFFu, 0x7F80)] // the largest float rounds to infinity
    [InlineData(0x7F800000u, 0x7F80)] // infinity
    [InlineData(0xFF800000u, 0xFF80)]
    [InlineData(0x7F800001u, 0x7FC0)] // a NaN whose fraction would be cut away stays a NaN
    [InlineData(0xFFFFFFFFu, 0xFFFF)] // a NaN that rounding would carry to zero stays a NaN
    [InlineData(0x80000000u, 0x8000)] // minus zero
    [InlineData(0x00008000u, 0x0000)] // half of the smallest subnormal: to even
    public void Bfloat16_rounds_to_nearest_even_and_keeps_NaN(uint single, int expected)
    {
        Assert.Equal((ushort)expected, BFloat16.FromSingle(BitConverter.UInt32BitsToSingle(single)));
    }

    [Fact]
    public void Bfloat16_of_a_random_float_is_no_farther_than_its_neighbours()
    {
        var random = new Random(5);
        for (var i = 0; i < 20_000; i++)
        {
            var value = BitConverter.UInt32BitsToSingle((uint)random.NextInt64(uint.MaxValue));
            if (!float.IsFinite(value) || Math.Abs(value) > 3e38f) continue;
            var bits = BFloat16.FromSingle(value);
            var distance = Math.Abs((double)BFloat16.ToSingle(bits) - value);
            Assert.True(distance <= Math.Abs((double)BFloat16.ToSingle((ushort)(bits + 1)) - value));
            if ((bits & 0x7FFF) != 0) Assert.True(distance <= Math.Abs((double)BFloat16.ToSingle((ushort)(bits - 1)) - value));
        }
    }

    [Fact]
    public void Names_of_data_types_are_those_of_the_format()
    {
        Assert.Equal(["BOOL", "U8", "I8", "U16", "I16", "U32", "I32", "U64", "I64", "F16", "BF16", "F32", "F64"], Enum.GetValues<TensorDataType>().Select(type => type.Name()));
        Assert.True(TensorDataTypes.TryParse("BF16", out var type));
        Assert.Equal(TensorDataType.BF16, type);
        Assert.False(TensorDataTypes.TryParse("bf16", out _));
        Assert.False(TensorDataTypes.TryParse("10", out _));
    }
}
