namespace Coppice.Tensors.Tests;

public sealed class ShapeTests
{
    public static TheoryData<int[], int, int, string> Shapes => new()
    {
        { [5], 1, 5, "[5]" },
        { [3, 5], 3, 5, "[3, 5]" },
        { [2, 3, 5], 6, 5, "[2, 3, 5]" },
        { [7, 2, 3, 5], 42, 5, "[7, 2, 3, 5]" },
        { [0, 5], 0, 5, "[0, 5]" },
        { [3, 0], 0, 0, "[3, 0]" },
    };

    [Theory]
    [MemberData(nameof(Shapes))]
    public void A_shape_counts_rows_columns_and_elements(int[] dimensions, int rows, int columns, string text)
    {
        var shape = Shape.Of(dimensions);
        Assert.Equal(dimensions.Length, shape.Rank);
        Assert.Equal(dimensions, Enumerable.Range(0, shape.Rank).Select(i => shape[i]));
        Assert.Equal((rows, columns, (long)rows * columns), (shape.Rows, shape.Columns, shape.Count));
        Assert.Equal(text, shape.ToString());
    }

    [Fact]
    public void Counts_do_not_overflow() => Assert.Equal(1L << 40, new Shape(1 << 20, 1 << 20).Count);

    [Fact]
    public void Another_innermost_size_keeps_the_other_dimensions()
    {
        Assert.Equal(new Shape(9), new Shape(5).WithColumns(9));
        Assert.Equal(new Shape(3, 9), new Shape(3, 5).WithColumns(9));
        Assert.Equal(new Shape(2, 3, 9), new Shape(2, 3, 5).WithColumns(9));
        Assert.Equal(new Shape(7, 2, 3, 9), new Shape(7, 2, 3, 5).WithColumns(9));
    }

    [Fact]
    public void Shapes_are_equal_by_rank_and_dimensions()
    {
        Assert.True(new Shape(2, 3) == new Shape(2, 3));
        Assert.True(new Shape(2, 3) != new Shape(3, 2));
        Assert.NotEqual(new Shape(2), new Shape(2, 1));
        Assert.Equal(new Shape(2, 3).GetHashCode(), new Shape(2, 3).GetHashCode());
    }

    [Fact]
    public void The_default_shape_is_empty()
    {
        Assert.Equal((0, 0, 0, 0L), (default(Shape).Rank, default(Shape).Rows, default(Shape).Columns, default(Shape).Count));
        Assert.Equal("[]", default(Shape).ToString());
    }

    [Fact]
    public void Impossible_shapes_are_refused()
    {
        Assert.Throws<ArgumentOutOfRangeException>(() => new Shape(2, -1));
        Assert.Throws<ArgumentException>(() => Shape.Of([]));
        Assert.Throws<ArgumentException>(() => Shape.Of([1, 2, 3, 4, 5]));
        Assert.Throws<ArgumentOutOfRangeException>(() => new Shape(2, 3)[2]);
        Assert.Throws<ArgumentOutOfRangeException>(() => new Shape(2, 3)[-1]);
    }
}
