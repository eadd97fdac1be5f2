namespace Coppice.Tensors.Tests.Operations;

/// <summary>The gradients of matrix products agree with differences of their outputs.</summary>
public class MatrixGradientTests
{
    [Fact]
    public void Of_a_matrix_product() => GradientCheck.Run((s, x) => s.Tape.MatMul(x[0], x[1]), [new Shape(3, 5), new Shape(5, 4)]);

    [Fact]
    public void Of_the_square_of_a_matrix() => GradientCheck.Run((s, x) => s.Tape.MatMul(x[0], x[0]), [new Shape(4, 4)]);

    [Theory]
    [InlineData(WeightLayout.OutputsByInputs, false, false)]
    [InlineData(WeightLayout.OutputsByInputs, false, true)]
    [InlineData(WeightLayout.OutputsByInputs, true, false)]
    [InlineData(WeightLayout.OutputsByInputs, true, true)]
    [InlineData(WeightLayout.InputsByOutputs, false, false)]
    [InlineData(WeightLayout.InputsByOutputs, false, true)]
    [InlineData(WeightLayout.InputsByOutputs, true, false)]
    [InlineData(WeightLayout.InputsByOutputs, true, true)]
    public void Of_a_linear_layer(WeightLayout layout, bool hasBias, bool hasResidual)
    {
        List<Shape> shapes = [new(5, 4), layout == WeightLayout.OutputsByInputs ? new(3, 4) : new(4, 3)];
        if (hasBias) shapes.Add(new Shape(3));
        if (hasResidual) shapes.Add(new Shape(5, 3));
        GradientCheck.Run((s, x) => s.Tape.Linear(x[0], x[1], hasBias ? x[2] : null, hasResidual ? x[^1] : null, layout), [.. shapes]);
    }

    [Fact]
    public void Of_a_linear_layer_whose_residual_is_its_input() => GradientCheck.Run((s, x) => s.Tape.Linear(x[0], x[1], null, x[0]), [new Shape(5, 4), new Shape(4, 4)]);
}
