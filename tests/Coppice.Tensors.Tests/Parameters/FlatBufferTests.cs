using Coppice.Tensors.Tests.Operations;

namespace Coppice.Tensors.Tests.Parameters;

/// <summary>Flat buffers check their ranges, and operations on ranges touch nothing else.</summary>
public sealed class FlatBufferTests : IDisposable
{
    private readonly Backend _backend = Backends.Create(1);

    public static TheoryData<KernelLevel> Levels => Machines.Levels();

    public void Dispose() => _backend.Dispose();

    [Fact]
    public void Parts_are_copied_in_and_out()
    {
        using var buffer = new FlatBuffer(_backend, 6);
        buffer.CopyFrom([1, 2, 3], 2);
        var part = new float[4];
        buffer.CopyTo(1, part);
        Assert.Equal([0, 1, 2, 3], part);
        Assert.Equal(14, buffer.SumOfSquares());
        buffer.Clear();
        Assert.Equal(0, buffer.SumOfSquares());
    }

    [Theory]
    [InlineData(-1, 1)]
    [InlineData(0, 7)]
    [InlineData(6, 1)]
    [InlineData(7, 0)]
    [InlineData(long.MaxValue, 1)]
    public void Ranges_outside_are_refused(long start, int count)
    {
        using var buffer = new FlatBuffer(_backend, 6);
        using var larger = new FlatBuffer(_backend, 100);
        var values = new float[count];
        Assert.Throws<ArgumentOutOfRangeException>(() => buffer.CopyTo(start, values));
        Assert.Throws<ArgumentOutOfRangeException>(() => buffer.CopyFrom(values, start));
        Assert.Throws<ArgumentOutOfRangeException>(() => buffer.Scale(2, start, count));
        Assert.Throws<ArgumentOutOfRangeException>(() => larger.ScaleAdd(1, buffer, 1, start, count));
        Assert.Throws<ArgumentOutOfRangeException>(() => larger.Momentum(buffer, 0.9f, false, start, count));
        Assert.Throws<ArgumentOutOfRangeException>(() => larger.AddDifference(1, null, larger, buffer, start, count));
        Assert.Throws<ArgumentOutOfRangeException>(() => larger.AddDifference(1, buffer, larger, larger, start, count));
        Assert.Throws<ArgumentOutOfRangeException>(() => larger.Adam(larger, larger, buffer, 0.9f, 0.99f, 1e-8f, 1, start, count));
    }

    [Fact]
    public void Buffers_of_two_sizes_have_no_distance_and_no_sum_of_squares()
    {
        using var buffer = new FlatBuffer(_backend, 6);
        using var larger = new FlatBuffer(_backend, 100);
        Assert.Throws<ArgumentException>(() => larger.SquaredDistance(buffer));
        Assert.Throws<ArgumentException>(() => larger.SquaredDistance(larger, weights: buffer));
        Assert.Throws<ArgumentException>(() => larger.AddSquares(buffer));
    }

    [Fact]
    public void Lengths_below_zero_are_refused()
    {
        using var buffer = new FlatBuffer(_backend, 6);
        Assert.Throws<ArgumentOutOfRangeException>(() => buffer.Scale(2, 3, -1));
        Assert.Throws<ArgumentOutOfRangeException>(() => new FlatBuffer(_backend, -1));
    }

    [Fact]
    public void A_buffer_is_copied_into_one_of_its_size_only()
    {
        using var from = new FlatBuffer(_backend, 3);
        using var to = new FlatBuffer(_backend, 3);
        using var other = new FlatBuffer(_backend, 4);
        from.CopyFrom([1, 2, 3], 0);
        to.CopyFrom(from);
        Assert.Equal(14, to.SumOfSquares());
        Assert.Throws<ArgumentException>(() => other.CopyFrom(from));
    }

    [Fact]
    public void A_disposed_buffer_says_so()
    {
        var buffer = new FlatBuffer(_backend, 6);
        buffer.Dispose();
        buffer.Dispose();
        Assert.Throws<ObjectDisposedException>(() => buffer.CopyTo(0, new float[1]));
        Assert.Throws<ObjectDisposedException>(() => buffer.Clear());
        Assert.Throws<ObjectDisposedException>(() => buffer.SumOfSquares());
    }

    [Theory]
    [MemberData(nameof(Levels))]
    public void Operations_on_ranges_touch_nothing_else_and_splits_give_the_same_bits(KernelLevel level)
    {
        const int Count = 101;
        using var scope = new Scope(level, threads: 1);
        FlatBuffer New(ulong stream)
        {
            var random = new Philox(31, stream);
            var buffer = scope.Own(new FlatBuffer(scope.Backend, Count));
            buffer.CopyFrom([.. Enumerable.Range(0, Count).Select(i => stream == 3 ? random.Uniform((ulong)i) : random.Normal((ulong)i))], 0);
            return buffer;
        }

        float[][] Run((int Start, int Count)[] ranges)
        {
            var (update, first, second, velocity) = (New(1), New(2), New(3), New(4));
            foreach (var (start, count) in ranges)
            {
                update.Scale(0.7f, start, count);
                update.ScaleAdd(0.9f, velocity, 0.3f, start, count);
                update.Adam(first, second, null, 0.9f, 0.99f, 1e-8f, 3, start, count);
                update.Momentum(velocity, 0.8f, true, start, count);
            }

            return [.. new[] { update, first, second, velocity }.Select(ToArray)];
        }

        var whole = Run([(0, Count)]);
        Assert.Equal(whole, Run([(37, 64), (0, 1), (1, 36)]));
        var part = Run([(16, 50)]);
        var before = new[] { New(1), New(2), New(3), New(4) }.Select(ToArray).ToArray();
        for (var b = 0; b < 4; b++)
        {
            Assert.Equal(whole[b][16..66], part[b][16..66]);
            Assert.Equal(before[b][..16], part[b][..16]);
            Assert.Equal(before[b][66..], part[b][66..]);
            Assert.NotEqual(before[b][16..66], part[b][16..66]);
        }
    }

    private static float[] ToArray(FlatBuffer buffer)
    {
        var values = new float[buffer.Count];
        buffer.CopyTo(0, values);
        return values;
    }
}
