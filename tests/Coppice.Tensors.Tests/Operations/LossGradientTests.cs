namespace Coppice.Tensors.Tests.Operations;

/// <summary>The gradients of losses agree with differences of their values, and the loss with the head is the loss of the head's logits.</summary>
public class LossGradientTests
{
    // A target that is no class, where the weight says that nobody looks.
    private static readonly int[] Targets = [2, 0, -100, 4, 1];
    private static readonly float[] Weights = [1, 0.25f, 0, 3, 1];

    [Theory]
    [InlineData(0, 0)]
    [InlineData(0.2f, 0)]
    [InlineData(0, 0.3f)]
    [InlineData(0.2f, 0.3f)]
    public void Of_a_cross_entropy(float labelSmoothing, float zLoss) => GradientCheck.Run(
        (s, x) => s.Tape.Scale(CrossEntropy(s.Tape, x[0], new CrossEntropyOptions(0.7f, labelSmoothing, zLoss)), 1.5f), [new Shape(5, 6)]);

    [Theory]
    [InlineData(0, 0)]
    [InlineData(0.2f, 0.3f)]
    public void Of_a_head_and_its_cross_entropy(float labelSmoothing, float zLoss) => GradientCheck.Run(
        (s, x) => HeadCrossEntropy(s.Tape, x[0], x[1], new CrossEntropyOptions(0.7f, labelSmoothing, zLoss)), [new Shape(5, 4), new Shape(6, 4)], isObjective: true);

    [Fact]
    public void Of_a_divergence_on_both_sides() => GradientCheck.Run(
        (s, x) => s.Tape.Scale(s.Tape.KullbackLeibler(x[0], x[1], temperature: 2.5f, scale: 0.3f), 1.5f), [new Shape(4, 6), new Shape(4, 6)]);

    [Theory]
    [MemberData(nameof(Machines.All), MemberType = typeof(Machines))]
    public void A_head_over_many_classes_gives_the_loss_and_the_gradients_of_its_logits(KernelLevel level, int threads)
    {
        // 2^23 logits at a time: three chunks of 15 rows of these.
        const int Classes = 400_003;
        var (rows, hidden) = (45, 3);
        var random = new Philox(5, 0);
        float[] Normals(ulong start, int count, float scale) => [.. Enumerable.Range(0, count).Select(i => scale * random.Normal(start + (ulong)i))];
        var (xs, head) = (Normals(0, rows * hidden, 1), Normals(1000, Classes * hidden, 2));
        var targets = Enumerable.Range(0, rows).Select(r => r * 2222).ToArray();
        var weights = Enumerable.Range(0, rows).Select(r => r % 7 == 3 ? 0f : 1f + r % 3).ToArray();
        var options = new CrossEntropyOptions(1 / weights.Sum(), 0.1f, 0.01f);
        using var scope = new Scope(level, threads);
        var tape = scope.Tape;

        var (x, w) = (tape.Variable(new Shape(rows, hidden), xs), tape.Variable(new Shape(Classes, hidden), head));
        var expected = tape.CrossEntropy(tape.Linear(x, w), tape.Integers(targets), tape.Constant(new Shape(rows), weights), options);
        tape.Backward(expected);
        var (loss, dx, dw) = (expected.Item, x.GradientToArray(), w.GradientToArray());
        var plainPeak = tape.Arena.PeakBytes;
        tape.Reset();
        tape.Arena.ResetPeak();

        (x, w) = (tape.Variable(new Shape(rows, hidden), xs), tape.Variable(new Shape(Classes, hidden), head));
        var likelihoods = tape.Constant(new Shape(rows), new float[rows]);
        var actual = tape.HeadCrossEntropy(x, w, tape.Integers(targets), tape.Constant(new Shape(rows), weights), options, likelihoods);
        tape.Backward(actual);
        Assert.Equal(loss, actual.Item, loss * 1e-6);
        Close.Relative(dx, x.GradientToArray(), 5e-6, "gradient of the hidden states");
        Close.Relative(dw, w.GradientToArray(), 5e-6, "gradient of the head");
        Assert.True(tape.Arena.PeakBytes < plainPeak / 2, $"{tape.Arena.PeakBytes} bytes with the head, {plainPeak} without");
        Assert.All(likelihoods.ToArray().Zip(weights), row => Assert.Equal(row.Second == 0, row.First == 0));
    }

    [Fact]
    public void Gradients_of_a_head_with_bias_agree_with_differences() => GradientCheck.Run(
        (s, x) => s.Tape.HeadCrossEntropy(
            x[0], x[1], s.Tape.Integers(Targets), s.Tape.Constant(new Shape(Weights.Length), Weights), new CrossEntropyOptions(0.7f, 0.1f, 0.01f), bias: x[2]),
        [new Shape(5, 4), new Shape(6, 4), new Shape(6)], isObjective: true);

    [Theory]
    [MemberData(nameof(Machines.Levels), MemberType = typeof(Machines))]
    public void The_likelihoods_of_the_rows_add_up_to_the_plain_loss(KernelLevel level)
    {
        using var scope = new Scope(level, 1);
        var tape = scope.Tape;
        tape.Recording = false;
        var random = new Philox(5, 1);
        var (x, w) = (tape.Constant(new Shape(5, 4), [.. Enumerable.Range(0, 20).Select(i => random.Normal((ulong)i))]),
            tape.Constant(new Shape(6, 4), [.. Enumerable.Range(20, 24).Select(i => random.Normal((ulong)i))]));
        var likelihoods = tape.Constant(new Shape(5), new float[5]);
        var loss = tape.HeadCrossEntropy(x, w, tape.Integers(Targets), tape.Constant(new Shape(5), Weights), new CrossEntropyOptions(0.5f), likelihoods);
        var values = likelihoods.ToArray();
        Assert.Equal(0, values[2]);
        Assert.Equal(values.Zip(Weights).Sum(row => row.First * row.Second) * 0.5f, loss.Item, 1e-5f);
    }

    [Fact]
    public void A_loss_with_the_head_refuses_to_be_weighed_afterwards()
    {
        using var scope = new Scope(Backends.Supported[^1], 1);
        var (x, w) = (scope.Tape.Variable(new Shape(5, 4), new float[20]), scope.Tape.Variable(new Shape(6, 4), new float[24]));
        var loss = scope.Tape.Scale(HeadCrossEntropy(scope.Tape, x, w, new CrossEntropyOptions(1)), 0.5f);
        Assert.Contains("Scale", Assert.Throws<InvalidOperationException>(() => scope.Tape.Backward(loss)).Message, StringComparison.Ordinal);
    }

    private static Tensor CrossEntropy(Tape tape, Tensor logits, CrossEntropyOptions options) =>
        tape.CrossEntropy(logits, tape.Integers(Targets), tape.Constant(new Shape(Weights.Length), Weights), options);

    private static Tensor HeadCrossEntropy(Tape tape, Tensor x, Tensor weight, CrossEntropyOptions options) =>
        tape.HeadCrossEntropy(x, weight, tape.Integers(Targets), tape.Constant(new Shape(Weights.Length), Weights), options);
}
