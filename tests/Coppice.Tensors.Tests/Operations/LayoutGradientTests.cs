namespace Coppice.Tensors.Tests.Operations;

/// <summary>The gradients of operations that only move elements agree with differences of their outputs.</summary>
public class LayoutGradientTests
{
    [Fact]
    public void Of_a_transpose() => GradientCheck.Run((s, x) => s.Tape.Transpose(x[0]), [new Shape(3, 7)]);

    [Fact]
    public void Of_a_reshape() => GradientCheck.Run((s, x) => s.Tape.Reshape(x[0], new Shape(7, 1, 3)), [new Shape(3, 7)]);

    [Fact]
    public void Of_a_reshape_of_a_reshape() => GradientCheck.Run((s, x) => s.Tape.Reshape(s.Tape.Reshape(x[0], new Shape(7, 1, 3)), new Shape(21)), [new Shape(3, 7)]);

    [Fact]
    public void Of_some_rows() => GradientCheck.Run((s, x) => s.Tape.SliceRows(x[0], 1, 2), [new Shape(4, 7)]);

    [Fact]
    public void Of_some_columns() => GradientCheck.Run((s, x) => s.Tape.SliceColumns(x[0], 2, 3), [new Shape(4, 7)]);

    [Fact]
    public void Of_slices_that_overlap() => GradientCheck.Run((s, x) => s.Tape.Add(s.Tape.SliceRows(x[0], 0, 2), s.Tape.SliceRows(x[0], 1, 2)), [new Shape(3, 7)]);

    [Fact]
    public void Of_matrices_above_each_other() => GradientCheck.Run((s, x) => s.Tape.ConcatenateRows(x[0], x[1]), [new Shape(2, 7), new Shape(3, 7)]);

    [Fact]
    public void Of_matrices_beside_each_other() => GradientCheck.Run((s, x) => s.Tape.ConcatenateColumns(x[0], x[1]), [new Shape(4, 3), new Shape(4, 2)]);

    [Fact]
    public void Of_a_matrix_beside_itself() => GradientCheck.Run((s, x) => s.Tape.ConcatenateColumns(x[0], x[0]), [new Shape(4, 3)]);
}
