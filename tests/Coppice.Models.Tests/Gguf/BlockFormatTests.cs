using Coppice.Models.Gguf;
using Coppice.Tensors;

namespace Coppice.Models.Tests.Gguf;

public sealed class BlockFormatTests
{
    /// <summary>The formats that are written, with the largest relative error on normally distributed values.</summary>
    public static TheoryData<string, double> Written => new()
    {
        { "F32", 0 }, { "F16", 3e-4 }, { "Q8_0", 6.5e-3 }, { "Q5_0", 0.045 }, { "Q4_0", 0.085 }, { "Q4_1", 0.075 }, { "Q4_K", 0.075 },
    };

    public static TheoryData<string> All => [.. BlockFormat.All.Select(format => format.Name)];

    [Theory]
    [MemberData(nameof(Written))]
    public void What_is_written_comes_back_as_near_as_its_bits_allow(string name, double largestError)
    {
        var format = BlockFormat.Find(name);
        var values = Normal(256 * 40);
        var decoded = RoundTrip(format, values);
        Assert.InRange(RelativeError(values, decoded), 0, largestError);
        // What a format holds exactly it keeps.
        Assert.InRange(RelativeError(decoded, RoundTrip(format, decoded)), 0, format.BlockValues == 1 ? 0 : largestError / 2);
    }

    // The largest error, as a share of the block's largest value.
    [Theory]
    [InlineData("F32", 0)]
    [InlineData("F16", 5e-4)]
    [InlineData("Q8_0", 0.0045)]
    [InlineData("Q5_0", 0.07)]
    [InlineData("Q4_0", 0.15)]
    [InlineData("Q4_1", 0.08)]
    [InlineData("Q4_K", 0.08)]
    public void Extreme_blocks_stay_finite_and_near(string name, double largestError)
    {
        var format = BlockFormat.Find(name);
        Func<int, float>[] patterns =
            [_ => 0, _ => 1, _ => -1, i => i % 2 == 0 ? 1 : -1, i => i, i => -i, i => i == 17 ? 60000 : 0, i => i == 3 ? -60000 : 0.001f, _ => 1e-30f, i => 1 + i * 1e-3f];
        for (var pattern = 0; pattern < patterns.Length; pattern++)
        {
            var values = Enumerable.Range(0, 256).Select(patterns[pattern]).ToArray();
            var error = values.Zip(RoundTrip(format, values)).Max(pair => Math.Abs(pair.First - pair.Second));
            Assert.True(error <= Math.Max(largestError * values.Max(Math.Abs), 1e-7), $"pattern {pattern}: {error}");
        }
    }

    // The plain way: the outermost value is the last level.
    [Theory]
    [InlineData("Q4_0", 8)]
    [InlineData("Q5_0", 16)]
    public void Searching_the_scale_is_better_than_the_outermost_value(string name, int levels)
    {
        var format = BlockFormat.Find(name);
        var values = Normal(32 * 200);
        var plain = values.Chunk(32).SelectMany(block =>
        {
            var outermost = block.MaxBy(Math.Abs);
            var scale = (float)(Half)(outermost / -levels);
            return block.Select(value => scale * Math.Clamp(MathF.Floor(value / scale + levels + 0.5f), 0, 2 * levels - 1) - scale * levels);
        }).ToArray();
        Assert.InRange(RelativeError(values, RoundTrip(format, values)) / RelativeError(values, plain), 0.5, 0.97);
    }

    [Theory]
    [MemberData(nameof(All))]
    public void Blocks_are_read_as_ggml_reads_them(string name)
    {
        var format = BlockFormat.Find(name);
        var (blocks, expected) = GgmlBlocks.Of(name);
        Assert.Equal(0, blocks.Length % format.BlockBytes);
        var values = new float[blocks.Length / format.BlockBytes * format.BlockValues];
        format.Decode(blocks, values);
        Assert.Equal(expected, values);
    }

    [Fact]
    public void Bytes_that_mean_infinity_or_nothing_are_read_without_a_crash()
    {
        foreach (var format in BlockFormat.All)
        {
            var values = new float[format.BlockValues];
            foreach (var value in new byte[] { 0, 0x7C, 0xFF })
            {
                var block = new byte[format.BlockBytes];
                Array.Fill(block, value);
                format.Decode(block, values);
            }
        }
    }

    private static float[] RoundTrip(BlockFormat format, float[] values)
    {
        var blocks = new byte[format.Bytes(values.Length)];
        format.Encode(values, blocks);
        var decoded = new float[values.Length];
        format.Decode(blocks, decoded);
        return decoded;
    }

    private static float[] Normal(int count)
    {
        var random = new Philox(5, 0);
        return [.. Enumerable.Range(0, count).Select(i => 0.02f * random.Normal((ulong)i))];
    }

    private static double RelativeError(float[] values, float[] others) =>
        Math.Sqrt(values.Zip(others).Sum(pair => Math.Pow((double)pair.First - pair.Second, 2)) / values.Sum(value => (double)value * value));
}
