using Coppice.Tensors.Tests.Operations;

namespace Coppice.Tensors.Tests.Autograd;

/// <summary>Mistakes in the use of a tape are exceptions that say what was wrong; none reads memory that was given back.</summary>
public sealed class TapeErrorTests : IDisposable
{
    private readonly Scope _scope = new(Backends.Supported[^1], threads: 1);

    private Tape Tape => _scope.Tape;

    public void Dispose() => _scope.Dispose();

    [Fact]
    public void A_tensor_can_not_be_used_after_the_reset()
    {
        var (x, ids) = (Variable(2, 4), Tape.Integers([0, 1]));
        var view = Tape.Reshape(x, new Shape(8));
        Tape.Reset();
        Assert.Contains("given back", Assert.Throws<InvalidOperationException>(() => Tape.Scale(x, 2)).Message, StringComparison.Ordinal);
        Assert.Throws<InvalidOperationException>(() => x.ToArray());
        Assert.Throws<InvalidOperationException>(() => x.CopyFrom(new float[8]));
        Assert.Throws<InvalidOperationException>(() => x.GradientToArray());
        Assert.Throws<InvalidOperationException>(() => Tape.Scale(view, 2));
        Assert.Throws<InvalidOperationException>(() => Tape.Backward(x.Count == 1 ? x : Tape.Sum(x)));
        Assert.Contains("reset", Assert.Throws<InvalidOperationException>(() => Tape.Embedding(ids, Variable(3, 4))).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_tensor_can_not_be_used_after_the_tape_is_disposed()
    {
        var x = Variable(2, 4);
        Tape.Dispose();
        Assert.Throws<InvalidOperationException>(() => x.ToArray());
    }

    [Fact]
    public void A_tensor_can_not_be_used_after_the_backward_pass_was_done_with_it()
    {
        var h = Tape.Scale(Variable(2, 4), 2);
        Tape.Backward(Tape.Sum(h));
        Assert.Throws<InvalidOperationException>(() => Tape.Scale(h, 2));
    }

    [Fact]
    public void A_tensor_that_an_operation_used_up_can_not_be_used_again()
    {
        var table = _scope.Own(new RotaryTable(_scope.Backend, 2, 4, 100));
        var h = Tape.Scale(Variable(2, 4), 2);
        var view = Tape.Reshape(h, new Shape(8));
        Tape.Rotary(h, Tape.Integers([0, 1]), table, heads: 1);
        Assert.Throws<InvalidOperationException>(() => Tape.Scale(h, 2));
        Assert.Throws<InvalidOperationException>(() => Tape.Scale(view, 2));

        var added = Tape.Scale(Variable(2, 4), 2);
        Tape.Embedding(Tape.Integers([0, 1]), Variable(2, 4), added);
        Assert.Throws<InvalidOperationException>(() => Tape.Scale(added, 2));
        Assert.Throws<InvalidOperationException>(() => Tape.Embedding(Tape.Integers([0, 1]), Variable(2, 4), added));
    }

    [Fact]
    public void Values_that_the_backward_pass_needs_and_that_were_used_up_are_an_error_there()
    {
        var table = _scope.Own(new RotaryTable(_scope.Backend, 2, 4, 100));
        var h = Tape.Scale(Variable(2, 4), 2);
        var square = Tape.Multiply(h, h);
        var turned = Tape.Rotary(h, Tape.Integers([0, 1]), table, heads: 1);
        var loss = Tape.Sum(Tape.Add(square, turned));
        Assert.Contains("in place", Assert.Throws<InvalidOperationException>(() => Tape.Backward(loss)).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_kept_tensor_is_not_used_up()
    {
        var table = _scope.Own(new RotaryTable(_scope.Backend, 2, 4, 100));
        var h = Tape.Scale(Variable(2, 4), 2);
        Tape.Keep(h);
        var before = h.ToArray();
        var turned = Tape.Rotary(h, Tape.Integers([0, 1]), table, heads: 1);
        Assert.Equal(before, h.ToArray());
        Assert.NotEqual(before, turned.ToArray());
    }

    [Fact]
    public void A_backward_pass_runs_once()
    {
        var x = Variable(2, 4);
        var loss = Tape.Sum(Tape.Multiply(x, x));
        var other = Tape.Sum(x);
        Tape.Backward(loss);
        Assert.Throws<InvalidOperationException>(() => Tape.Backward(loss));
        Assert.Throws<InvalidOperationException>(() => Tape.Backward(other));
        var next = Tape.Sum(Tape.Multiply(x, x));
        Assert.Throws<InvalidOperationException>(() => Tape.Backward(loss));
        Tape.Backward(next);
    }

    [Fact]
    public void A_backward_pass_starts_at_a_scalar_that_depends_on_something()
    {
        Assert.Contains("[2, 4]", Assert.Throws<InvalidOperationException>(() => Tape.Backward(Tape.Scale(Variable(2, 4), 2))).Message, StringComparison.Ordinal);
        Assert.Throws<InvalidOperationException>(() => Tape.Backward(Tape.Sum(Tape.Constant(new Shape(2), [1, 2]))));
        var x = Variable(2, 4);
        Tape.Recording = false;
        Assert.Throws<InvalidOperationException>(() => Tape.Backward(Tape.Sum(x)));
    }

    [Fact]
    public void Shapes_that_do_not_fit_are_refused()
    {
        var (x, y, three, four) = (Variable(2, 4), Variable(4, 2), Variable(3), Variable(4));
        var ids = Tape.Integers([0, 1, 0]);
        var table = _scope.Own(new RotaryTable(_scope.Backend, 2, 6, 100));
        var layout = AttentionLayout.Packed(Tape, [0, 2]);
        Func<Tensor>[] mistakes =
        [
            () => Tape.Add(x, y),
            () => Tape.Multiply(x, y),
            () => Tape.Where(y, x, x),
            () => Tape.Where(x, x, y),
            () => Tape.SwiGlu(x, y),
            () => Tape.MatMul(x, x),
            () => Tape.MatMul(x, four),
            () => Tape.Linear(x, y),
            () => Tape.Linear(x, Variable(4, 3)),
            () => Tape.Linear(x, y, layout: WeightLayout.InputsByOutputs, bias: three),
            () => Tape.Linear(x, y, layout: WeightLayout.InputsByOutputs, residual: x),
            () => Tape.Linear(x, four),
            () => Tape.LayerNorm(x, three, null, 1e-5f),
            () => Tape.LayerNorm(x, four, three, 1e-5f),
            () => Tape.RmsNorm(x, three, 1e-5f),
            () => Tape.Embedding(ids, x, added: x),
            () => Tape.Rotary(x, Tape.Integers([0, 1]), table, heads: 1),
            () => Tape.Rotary(x, ids, table, heads: 1),
            () => Tape.Attention(x, x, x, layout, new AttentionShape(3, 1, 2)),
            () => Tape.Attention(x, x, x, layout, new AttentionShape(2, 1, 2)),
            () => Tape.Attention(x, x, y, layout, new AttentionShape(2, 2, 2)),
            () => Tape.Attention(x, layout, new AttentionShape(1, 1, 2)),
            () => Tape.Attention(Variable(2, 14), layout, new AttentionShape(3, 2, 2)),
            () => Tape.Attention(Variable(2, 4), layout, new AttentionShape(2, 0, 2)),
            () => Tape.Attention(x, x, x, layout, new AttentionShape(2, 2, 2, Causal: false, Window: 1)),
            () => Tape.Attention(x, x, x, layout, new AttentionShape(2, 2, 2, Window: -1)),
            () => Tape.CrossEntropy(x, ids, four, new CrossEntropyOptions(1)),
            () => Tape.CrossEntropy(x, Tape.Integers([0, 1]), three, new CrossEntropyOptions(1)),
            () => Tape.HeadCrossEntropy(x, y, Tape.Integers([0, 1]), Variable(2), new CrossEntropyOptions(1)),
            () => Tape.HeadCrossEntropy(x, Variable(3, 4), ids, Variable(2), new CrossEntropyOptions(1)),
            () => Tape.HeadCrossEntropy(x, Variable(3, 4), Tape.Integers([0, 1]), Variable(2), new CrossEntropyOptions(1), three),
            () => Tape.KullbackLeibler(x, y, 1, 1),
            () => Tape.KullbackLeibler(x, x, 0, 1),
            () => Tape.Reshape(x, new Shape(3, 3)),
            () => Tape.Transpose(three),
            () => Tape.SliceRows(x, 1, 2),
            () => Tape.SliceRows(x, -1, 1),
            () => Tape.SliceRows(x, 2, int.MaxValue),
            () => Tape.SliceColumns(x, 3, 2),
            () => Tape.ConcatenateRows(x, y),
            () => Tape.ConcatenateColumns(x, y),
            () => Tape.Mean(Tape.Constant(new Shape(0), [])),
            () => Tape.Dropout(x, 1, training: true),
            () => Tape.Dropout(x, float.NaN, training: true),
            () => Tape.Constant(new Shape(2, 4), new float[7]),
        ];
        for (var i = 0; i < mistakes.Length; i++)
        {
            var error = Record.Exception(mistakes[i]);
            Assert.True(error is ArgumentException, $"mistake {i}: {error?.ToString() ?? "not noticed"}");
        }

        Assert.Throws<ArgumentException>(() => AttentionLayout.Packed(Tape, [1, 2]));
        Assert.Throws<ArgumentException>(() => AttentionLayout.Packed(Tape, [0, 2, 1]));
        Assert.Throws<ArgumentException>(() => AttentionLayout.Packed(Tape, []));
    }

    [Fact]
    public void Parts_of_a_tensor_lie_within_it()
    {
        var x = Variable(2, 4);
        Assert.Throws<ArgumentOutOfRangeException>(() => x.CopyTo(5, new float[4]));
        Assert.Throws<ArgumentOutOfRangeException>(() => x.CopyTo(-1, new float[1]));
        Assert.Throws<ArgumentOutOfRangeException>(() => x.CopyTo(long.MaxValue, new float[1]));
        Assert.Throws<ArgumentOutOfRangeException>(() => x.CopyFrom(long.MaxValue, new float[1]));
        Assert.Throws<ArgumentException>(() => x.CopyTo(new float[7]));
        Assert.Throws<InvalidOperationException>(() => x.Item);
        var part = new float[3];
        x.CopyTo(5, part);
        Assert.Equal(x.ToArray()[5..], part);
    }

    private Tensor Variable(params int[] dimensions)
    {
        var shape = Shape.Of(dimensions);
        return Tape.Variable(shape, [.. Enumerable.Range(1, (int)shape.Count).Select(i => (float)i)]);
    }
}
