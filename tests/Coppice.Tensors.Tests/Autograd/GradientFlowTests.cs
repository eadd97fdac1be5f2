using Coppice.Tensors.Tests.Operations;

namespace Coppice.Tensors.Tests.Autograd;

/// <summary>Gradients that meet at a tensor add up, whichever way their memory is handed on.</summary>
public class GradientFlowTests
{
    private static readonly Shape Vector = new(5);
    private static readonly float[] Values = [1, 2, -3, 4, 0.5f];

    [Fact]
    public void A_tensor_used_several_times_gets_the_sum_of_the_gradients()
    {
        using var scope = NewScope();
        var tape = scope.Tape;
        var x = tape.Variable(Vector, Values);
        // 3x + x² + x: the derivative is 4 + 2x.
        tape.Backward(tape.Sum(tape.Add(tape.Add(tape.Scale(x, 3), tape.Multiply(x, x)), x)));
        Assert.Equal(Values.Select(v => 4 + 2 * v), x.GradientToArray());
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void A_residual_gets_its_gradient_and_that_of_the_branch_in_either_order(bool residualFirst)
    {
        using var scope = NewScope();
        var tape = scope.Tape;
        var x = tape.Variable(Vector, Values);
        var h = tape.Scale(x, 2);
        var branch = tape.Multiply(h, h);
        var sum = residualFirst ? tape.Add(h, branch) : tape.Add(branch, h);
        tape.Backward(tape.Sum(tape.Multiply(sum, sum)));
        // s = h + h², h = 2x: d(s²)/dx = 2 s (1 + 2h) 2.
        Assert.Equal(Values.Select(v => 2 * (2 * v + 4 * v * v) * (1 + 4 * v) * 2), x.GradientToArray());
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void A_gradient_handed_to_two_residuals_is_not_shared(bool readBetween)
    {
        using var scope = NewScope();
        var tape = scope.Tape;
        var x = tape.Variable(Vector, Values);
        var a = tape.Scale(x, 2);
        var b = tape.Scale(x, 3);
        // The gradient of the sum goes to both; what a gets beside it must not reach b.
        var more = readBetween ? tape.Multiply(a, a) : null;
        var total = tape.Sum(tape.Add(a, b));
        var extra = tape.Sum(more ?? tape.Multiply(a, a));
        Tape.Keep(a);
        Tape.Keep(b);
        tape.Backward(tape.Add(total, extra));
        Assert.Equal(Values.Select(v => 1 + 4 * v), a.GradientToArray());
        Assert.Equal([1, 1, 1, 1, 1], b.GradientToArray());
        Assert.Equal(Values.Select(v => 2 * (1 + 4 * v) + 3), x.GradientToArray());
    }

    [Fact]
    public void A_chain_of_residual_layers_with_branches_gets_the_gradients_of_the_formula()
    {
        using var scope = NewScope();
        var tape = scope.Tape;
        var x = tape.Variable(new Shape(1, 1), [0.5f]);
        var w = tape.Variable(new Shape(1, 1), [0.25f]);
        // y = x + w (w x + x): with h = w x + x, y = x + w h; dy/dx = 1 + w (w + 1), dy/dw = h + w x.
        var h = tape.Linear(x, w, null, x);
        var y = tape.Linear(h, w, null, x);
        tape.Backward(y);
        Assert.Equal(1 + 0.25f * 1.25f, Assert.Single(x.GradientToArray()));
        Assert.Equal(0.625f + 0.125f, Assert.Single(w.GradientToArray()));
    }

    [Fact]
    public void Kept_results_and_their_gradients_stay_until_the_reset_and_others_do_not()
    {
        using var scope = NewScope();
        var tape = scope.Tape;
        var x = tape.Variable(Vector, Values);
        var kept = tape.Scale(x, 2);
        var view = tape.Reshape(tape.Scale(kept, 3), new Shape(1, 5));
        var lost = tape.Multiply(view, view);
        Tape.Keep(kept);
        Tape.Keep(view);
        var loss = tape.Sum(lost);
        tape.Backward(loss);
        Assert.Equal(Values.Select(v => 2 * v), kept.ToArray());
        Assert.Equal(Values.Select(v => 6 * v), view.ToArray());
        Assert.Equal(Values.Select(v => 12 * v), view.GradientToArray());
        Assert.Equal(Values.Select(v => 36 * v), kept.GradientToArray());
        Assert.Equal(Values.Sum(v => 36 * v * v), loss.Item);
        Assert.Throws<InvalidOperationException>(() => lost.ToArray());
    }

    [Fact]
    public void What_does_not_reach_the_loss_gets_no_gradient()
    {
        using var scope = NewScope();
        var tape = scope.Tape;
        var (x, other, frozen) = (tape.Variable(Vector, Values), tape.Variable(Vector, Values), tape.Constant(Vector, Values));
        tape.Multiply(tape.Scale(other, 2), other);
        tape.Backward(tape.Sum(tape.Add(x, frozen)));
        Assert.True(x.HasGradient);
        Assert.False(other.HasGradient);
        Assert.False(frozen.HasGradient);
        Assert.Throws<InvalidOperationException>(() => other.GradientToArray());
    }

    [Fact]
    public void Gradients_of_parameters_are_added_to_until_they_are_cleared()
    {
        using var scope = NewScope();
        var tape = scope.Tape;
        var set = scope.Own(new ParameterSet(scope.Backend, [new ParameterSpecification("w", Vector)]));
        var w = set["w"].Tensor;
        w.CopyFrom(Values);
        for (var step = 0; step < 3; step++)
        {
            tape.Backward(tape.Sum(tape.Multiply(w, w)));
            tape.Reset();
        }

        Assert.Equal(Values.Select(v => 6 * v), w.GradientToArray());
        set.Gradients!.Clear();
        tape.Backward(tape.Sum(w));
        Assert.Equal([1, 1, 1, 1, 1], w.GradientToArray());
    }

    private static Scope NewScope() => new(Backends.Supported[^1], threads: 1);
}
