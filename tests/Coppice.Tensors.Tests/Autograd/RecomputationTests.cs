using Coppice.Tensors.Tests.Operations;

namespace Coppice.Tensors.Tests.Autograd;

/// <summary>Blocks that are computed again in the backward pass give the same bits in less memory.</summary>
public class RecomputationTests
{
    private static readonly Shape Rows = new(24, 16);

    public static TheoryData<KernelLevel, int> AllMachines => Machines.All();

    [Theory]
    [MemberData(nameof(AllMachines))]
    public void Loss_and_gradients_are_bit_identical_with_less_memory(KernelLevel level, int threads)
    {
        using var scope = new Scope(level, threads);
        using var weights = new Weights(scope.Backend);
        IBlock[] blocks = [.. Enumerable.Range(0, 4).Select(_ => new GatedBlock(weights))];
        var plain = Step(scope.Tape, weights, blocks, recomputing: false);
        var recomputed = Step(scope.Tape, weights, blocks, recomputing: true);
        Assert.Equal(plain.Numbers, recomputed.Numbers);
        Assert.True(recomputed.Peak < plain.Peak * 2 / 3, $"{recomputed.Peak} bytes recomputed, {plain.Peak} plain");
    }

    [Theory]
    [InlineData("takes its input's memory")]
    [InlineData("runs another block on its input")]
    [InlineData("returns its input")]
    [InlineData("returns a view of its input")]
    [InlineData("returns a view of its result")]
    [InlineData("makes constants")]
    public void Unusual_blocks_are_bit_identical_too(string kind)
    {
        using var scope = new Scope(Backends.Supported[^1], threads: 1);
        using var weights = new Weights(scope.Backend);
        using var table = new RotaryTable(scope.Backend, 24, 16, 100);
        var gated = new GatedBlock(weights);
        var block = new Block(kind switch
        {
            "takes its input's memory" => (tape, x) => tape.Linear(tape.Rotary(x, tape.Integers([.. Enumerable.Range(0, 24)]), table, heads: 1), weights.Up),
            "runs another block on its input" => (tape, x) => tape.Add(tape.Run(gated, x), x),
            "returns its input" => (_, x) => x,
            "returns a view of its input" => (tape, x) => tape.Reshape(x, Rows),
            "returns a view of its result" => (tape, x) => tape.Reshape(tape.Reshape(gated.Forward(tape, x), new Shape(16, 24)), Rows),
            _ => (tape, x) => tape.Add(gated.Forward(tape, x), tape.Scale(tape.Scale(tape.Constant(Rows, Numbers(9)), 2), 0.5f)),
        });
        var plain = Step(scope.Tape, weights, [gated, block, gated], recomputing: false);
        var recomputed = Step(scope.Tape, weights, [gated, block, gated], recomputing: true);
        Assert.Equal(plain.Numbers, recomputed.Numbers);
        Assert.True(plain.Numbers.All(float.IsFinite));
    }

    [Fact]
    public void The_output_of_a_block_can_be_kept_with_its_gradient()
    {
        using var scope = new Scope(Backends.Supported[^1], threads: 1);
        using var weights = new Weights(scope.Backend);
        var gradients = new[] { false, true }.Select(recomputing =>
        {
            var tape = scope.Tape;
            tape.Recomputing = recomputing;
            tape.SeedRandom(1, 0);
            var y = tape.Run(new GatedBlock(weights), tape.Variable(Rows, Numbers(0)));
            Tape.Keep(y);
            tape.Backward(tape.Sum(tape.Multiply(y, y)));
            var result = (float[])[.. y.ToArray(), .. y.GradientToArray()];
            tape.Reset();
            return result;
        }).ToArray();
        Assert.Equal(gradients[0], gradients[1]);
    }

    [Fact]
    public void What_requires_no_gradient_is_given_back_block_by_block()
    {
        using var scope = new Scope(Backends.Supported[^1], threads: 1);
        var tape = scope.Tape;
        tape.Recomputing = true;
        var x = tape.Variable(Rows, Numbers(0));
        var one = tape.Arena.BytesInUse;
        var h = x;
        for (var i = 0; i < 4; i++) h = tape.Run(new Block((t, input) => t.Add(input, t.Scale(t.Constant(Rows, Numbers(9)), 2))), h);
        var loss = tape.Sum(h);
        // Four outputs beside the variable, and one number (64 bytes).
        Assert.Equal(5 * one + 64, tape.Arena.BytesInUse);
        tape.Backward(loss);
        Assert.Equal(2 * one + 128, tape.Arena.BytesInUse);
    }

    [Fact]
    public void While_not_recording_a_block_gives_back_all_but_its_output()
    {
        using var scope = new Scope(Backends.Supported[^1], threads: 1);
        using var weights = new Weights(scope.Backend);
        var tape = scope.Tape;
        tape.Recording = false;
        var x = tape.Constant(Rows, Numbers(0));
        var before = tape.Arena.BytesInUse;
        var y = tape.Run(new GatedBlock(weights), x);
        Assert.Equal(before, tape.Arena.BytesInUse);
        Assert.Throws<InvalidOperationException>(() => x.ToArray());

        Tape.Keep(y);
        var z = tape.Run(new GatedBlock(weights), y);
        Assert.Equal(2 * before, tape.Arena.BytesInUse);
        Assert.Equal(y.Count, z.ToArray().Length);
        Assert.NotEqual(y.ToArray(), z.ToArray());
        Assert.False(z.RequiresGradient);
    }

    [Fact]
    public void While_not_recording_a_view_keeps_the_memory_that_it_shows()
    {
        using var scope = new Scope(Backends.Supported[^1], threads: 1);
        var tape = scope.Tape;
        tape.Recording = false;
        var x = tape.Constant(Rows, Numbers(0));
        var before = tape.Arena.BytesInUse;
        var y = tape.Run(new Block((t, input) => t.Reshape(t.Scale(input, 2), new Shape(16, 24))), x);
        y = tape.Run(new Block((t, input) => t.Reshape(input, Rows)), y);
        // Would be handed out again, had it been given back.
        var other = tape.Constant(Rows, new float[Rows.Count]);
        Assert.Equal(Numbers(0).Select(v => 2 * v), y.ToArray());
        Assert.Equal(2 * before, tape.Arena.BytesInUse);
        Assert.All(other.ToArray(), value => Assert.Equal(0, value));
    }

    private static (float[] Numbers, long Peak) Step(Tape tape, Weights weights, IBlock[] blocks, bool recomputing)
    {
        tape.Recomputing = recomputing;
        tape.Arena.ResetPeak();
        tape.SeedRandom(1, 0);
        weights.Set.Gradients!.Clear();
        var x = tape.Variable(Rows, Numbers(0));
        var h = tape.Scale(x, 1);
        foreach (var block in blocks) h = tape.Run(block, h);
        // After the blocks: the random numbers go on as if the blocks had run once.
        h = tape.Dropout(h, 0.3f, training: true);
        var loss = tape.Mean(tape.Multiply(h, h));
        tape.Backward(loss);
        var gradients = new float[weights.Set.Gradients.Count];
        weights.Set.Gradients.CopyTo(0, gradients);
        // The random numbers go on after the backward pass as if it had drawn none.
        float[] numbers = [loss.Item, .. x.GradientToArray(), .. gradients, .. tape.Dropout(x, 0.3f, training: true).ToArray()];
        var peak = tape.Arena.PeakBytes;
        tape.Reset();
        Assert.Equal(0, tape.Arena.BytesInUse);
        return (numbers, peak);
    }

    private static float[] Numbers(ulong stream)
    {
        var random = new Philox(11, stream);
        return [.. Enumerable.Range(0, (int)Rows.Count).Select(i => random.Normal((ulong)i))];
    }

    private sealed class Weights : IDisposable
    {
        public Weights(Backend backend)
        {
            Set = new ParameterSet(backend, [new("norm", new Shape(16)), new("gate", new Shape(16, 16)), new("up", new Shape(16, 16)), new("down", new Shape(16, 16))]);
            var random = new Philox(12, 0);
            Set.Values.CopyFrom([.. Enumerable.Range(0, (int)Set.Values.Count).Select(i => 0.3f * random.Normal((ulong)i))], 0);
        }

        public ParameterSet Set { get; }

        public Tensor Norm => Set["norm"].Tensor;

        public Tensor Gate => Set["gate"].Tensor;

        public Tensor Up => Set["up"].Tensor;

        public Tensor Down => Set["down"].Tensor;

        public void Dispose() => Set.Dispose();
    }

    /// <summary>A gated unit with dropout and a residual.</summary>
    private sealed class GatedBlock(Weights weights) : IBlock
    {
        public Tensor Forward(Tape tape, Tensor x)
        {
            var h = tape.RmsNorm(x, weights.Norm, 1e-5f);
            h = tape.SwiGlu(tape.Linear(h, weights.Gate), tape.Linear(h, weights.Up));
            return tape.Linear(tape.Dropout(h, 0.2f, training: true), weights.Down, null, x);
        }
    }

    private sealed class Block(Func<Tape, Tensor, Tensor> forward) : IBlock
    {
        public Tensor Forward(Tape tape, Tensor x) => forward(tape, x);
    }
}
