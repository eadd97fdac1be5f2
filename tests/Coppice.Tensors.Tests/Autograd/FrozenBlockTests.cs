using Coppice.Tensors.Tests.Operations;

namespace Coppice.Tensors.Tests.Autograd;

/// <summary>Blocks under the first one that is trained leave nothing for a backward pass that never comes to them.</summary>
public sealed class FrozenBlockTests : IDisposable
{
    private const int Rows = 24;
    private const int Width = 16;

    private readonly Scope _scope = new(Backends.Supported[^1], threads: 1);
    private readonly ParameterSet _frozen;
    private readonly ParameterSet _trained;

    public FrozenBlockTests()
    {
        _frozen = new ParameterSet(_scope.Backend, [new("w", new Shape(Width, Width))], trainable: false);
        _trained = new ParameterSet(_scope.Backend, [new("w", new Shape(Width, Width))]);
        foreach (var set in new[] { _frozen, _trained }) set["w"].Tensor.CopyFrom([.. Enumerable.Range(0, Width * Width).Select(i => 0.2f * new Philox(5, 0).Normal((ulong)i))]);
    }

    public void Dispose()
    {
        _frozen.Dispose();
        _trained.Dispose();
        _scope.Dispose();
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void Only_the_last_result_stays_however_many_there_are(bool recomputing)
    {
        Assert.Equal(BytesAfter(1, recomputing), BytesAfter(9, recomputing));
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void They_are_computed_once_and_those_above_have_the_same_gradients_as_ever(bool recomputing)
    {
        var expected = Gradient(below: null, recomputing: false);
        var below = new Block(_frozen);
        Assert.Equal(expected, Gradient(below, recomputing));
        Assert.Equal(3, below.Passes);
    }

    [Fact]
    public void An_input_that_is_kept_stays()
    {
        var tape = _scope.Tape;
        var x = tape.Constant(new Shape(Rows, Width), Numbers());
        Tape.Keep(x);
        var y = tape.Run(new Block(_frozen), x);
        Assert.Equal(Numbers(), x.ToArray());
        Tape.Keep(y);
        var loss = tape.Sum(tape.Linear(y, _trained["w"].Tensor));
        tape.Run(new Block(_frozen), y);
        _trained.BeginGradients();
        tape.Backward(loss);
        _trained.EndGradients();
        Assert.Contains(_trained["w"].Tensor.GradientToArray(), value => value != 0);
        tape.Reset();
        Assert.Equal(0, tape.Arena.BytesInUse);
    }

    [Fact]
    public void Parameters_that_are_not_chosen_have_no_gradient_and_no_backward_pass_goes_to_them()
    {
        _trained.ChooseGradients(_ => false);
        Assert.Equal(BytesAfter(1, recomputing: false, _trained), BytesAfter(9, recomputing: false, _trained));
        _trained.ChooseGradients(_ => true);
        Assert.True(BytesAfter(1, recomputing: false, _trained) < BytesAfter(9, recomputing: false, _trained));
        Assert.Throws<InvalidOperationException>(() => _frozen.ChooseGradients(_ => true));
    }

    private long BytesAfter(int blocks, bool recomputing, ParameterSet? parameters = null)
    {
        var tape = _scope.Tape;
        tape.Recomputing = recomputing;
        var x = tape.Constant(new Shape(Rows, Width), Numbers());
        var block = new Block(parameters ?? _frozen);
        for (var i = 0; i < blocks; i++) x = tape.Run(block, x);
        var bytes = tape.Arena.BytesInUse;
        tape.Reset();
        return bytes;
    }

    private float[] Gradient(Block? below, bool recomputing)
    {
        var tape = _scope.Tape;
        tape.Recomputing = recomputing;
        var x = tape.Constant(new Shape(Rows, Width), Numbers());
        var frozen = below ?? new Block(_frozen);
        for (var i = 0; i < 3; i++) x = below is null ? frozen.Forward(tape, x) : tape.Run(frozen, x);
        for (var i = 0; i < 2; i++) x = tape.Run(new Block(_trained), x);
        _trained.BeginGradients();
        tape.Backward(tape.Sum(x));
        _trained.EndGradients();
        tape.Reset();
        return _trained["w"].Tensor.GradientToArray();
    }

    private static float[] Numbers() => [.. Enumerable.Range(0, Rows * Width).Select(i => new Philox(6, 0).Normal((ulong)i))];

    private sealed class Block(ParameterSet parameters) : IBlock
    {
        public int Passes { get; private set; }

        public Tensor Forward(Tape tape, Tensor x)
        {
            Passes++;
            var inner = tape.Apply(tape.Linear(x, parameters["w"].Tensor), PointwiseFunction.GeluTanh);
            return tape.Linear(inner, parameters["w"].Tensor, residual: x);
        }
    }
}
