using Coppice.Continual.Surgery;
using Coppice.Continual.Surgery.Methods;
using Coppice.Foundation;
using Coppice.Tensors;

namespace Coppice.Continual.Tests.Surgery;

public sealed class InterpolationTests
{
    public static TheoryData<int> Sizes => Weights.Sizes;

    [Theory]
    [MemberData(nameof(Sizes))]
    public void The_ends_of_interpolations_are_the_models_bit_for_bit(int size)
    {
        var (parent, child) = (Weights.Random(size, 1), Weights.Random(size, 2).Reverse().ToArray());
        foreach (var method in new IMergeMethod[] { new LinearInterpolation(), new Slerp(), Fisher(Enumerable.Repeat(0f, size - 1).Append(2f).ToArray()) })
        {
            Assert.Equal(Weights.Bits(parent), Weights.Bits(Weights.Merge(method, parent, [child], [0])));
            Assert.Equal(Weights.Bits(child), Weights.Bits(Weights.Merge(method, parent, [child], [1])));
        }
    }

    [Fact]
    public void Interpolation_rounds_once()
    {
        Assert.Equal((float)((0.7 * 1.1f) + (0.3 * 3.3f)), Weights.Merge(new LinearInterpolation(), [1.1f], [[3.3f]], [0.3])[0]);
        Assert.Equal((float)((1.1f + 3.3 + 7.0) / 3), Weights.Merge(new LinearInterpolation(), [1.1f], [[3.3f], [7f]])[0], 1e-6f);
    }

    [Fact]
    public void On_a_quadratic_bowl_the_loss_along_the_way_is_a_parabola()
    {
        var (parent, child) = (Weights.Random(40, 3).Select(x => MathF.Tanh(x)).ToArray(), Weights.Random(40, 4).Select(x => MathF.Tanh(x)).ToArray());
        double Loss(double weight) => Weights.Merge(new LinearInterpolation(), parent, [child], [weight]).Select((x, i) => (i + 1) * (x - 0.3) * (x - 0.3)).Sum();
        var losses = Enumerable.Range(0, 9).Select(i => Loss(i / 8.0)).ToList();
        // The second differences of a parabola are all the same.
        var second = Enumerable.Range(1, 7).Select(i => losses[i - 1] - (2 * losses[i]) + losses[i + 1]).ToList();
        Assert.True(second[0] > 0.1);
        Assert.All(second, difference => Assert.Equal(second[0], difference, 1e-3));
    }

    [Fact]
    public void The_same_Fisher_information_everywhere_is_linear_interpolation()
    {
        var (parent, child) = (Weights.Random(33, 5), Weights.Random(33, 6));
        var fisher = Fisher(Enumerable.Repeat(0.25f, 33).ToArray());
        Assert.Equal(Weights.Merge(new LinearInterpolation(), parent, [child], [0.3]), Weights.Merge(fisher, parent, [child], [0.3]), (a, b) => Math.Abs(a - b) <= 1e-6f * Math.Abs(a));
    }

    [Fact]
    public void Where_the_old_text_does_not_depend_on_a_weight_the_new_one_is_taken()
    {
        // Of mean 1: nothing, and twice the mean.
        var merged = Weights.Merge(Fisher([0, 8]), [1, 1], [[5, 5]], [0.5]);
        Assert.Equal(5, merged[0]);
        Assert.Equal(((0.5 * 2 * 1) + (0.5 * 5)) / ((0.5 * 2) + 0.5), merged[1], 1e-6);
    }

    [Theory]
    [InlineData(0f, 0f)]
    [InlineData(-1f, 1f)]
    [InlineData(float.NaN, 1f)]
    [InlineData(float.PositiveInfinity, 1f)]
    public void A_Fisher_information_that_is_none_is_refused(float first, float second) => Assert.Throws<CoppiceException>(() => Fisher([first, second]));

    [Fact]
    public void Slerp_turns_along_the_circle()
    {
        var half = Weights.Merge(new Slerp(), [1, 0], [[0, 1]], [0.5]);
        Assert.Equal([MathF.Sqrt(0.5f), MathF.Sqrt(0.5f)], half, (a, b) => Math.Abs(a - b) < 1e-7f);
        var (a, b) = (Weights.Random(100, 7).Select(x => MathF.Tanh(x)).ToArray(), Weights.Random(100, 8).Select(x => 2 * MathF.Tanh(x)).ToArray());
        for (var i = 1; i < 10; i++) Assert.InRange(Norm(Weights.Merge(new Slerp(), a, [b], [i / 10.0])), Norm(a), Norm(b));
    }

    [Theory]
    [InlineData(new[] { 1f, 2f }, new[] { 2f, 4f }, new[] { 1.5f, 3f })]
    [InlineData(new[] { 0f, 0f }, new[] { 2f, 4f }, new[] { 1f, 2f })]
    [InlineData(new[] { 1f, 2f }, new[] { -1f, -2f }, new[] { 0f, 0f })]
    public void Slerp_is_linear_on_one_line_and_from_zero(float[] from, float[] to, float[] expected) =>
        Assert.Equal(expected, Weights.Merge(new Slerp(), from, [to], [0.5]));

    [Theory]
    [InlineData("finite", double.NaN)]
    [InlineData("lie between 0 and 1", 1.5)]
    [InlineData("lie between 0 and 1", -0.1)]
    [InlineData("2 weights for 1 models", 0.5, 0.5)]
    public void Weights_that_are_no_interpolation_are_refused(string message, params double[] weights)
    {
        foreach (var method in new IMergeMethod[] { new LinearInterpolation(), new Slerp(), Fisher([1]) })
        {
            var error = Assert.Throws<CoppiceException>(() => method.Weights(1, weights));
            Assert.Contains(message, error.Message, StringComparison.Ordinal);
            Assert.Equal(ExitCode.Usage, error.ExitCode);
        }
    }

    [Fact]
    public void More_models_or_more_weight_than_there_is_are_refused()
    {
        Assert.Throws<CoppiceException>(() => new Slerp().Weights(2, null));
        Assert.Throws<CoppiceException>(() => Fisher([1]).Weights(2, null));
        Assert.Throws<CoppiceException>(() => new LinearInterpolation().Weights(0, null));
        Assert.Throws<CoppiceException>(() => new LinearInterpolation().Weights(2, [0.7, 0.7]));
        Assert.Equal([0.3, 0.6, 0.1], new LinearInterpolation().Weights(3, [0.3, 0.6, 0.1]));
    }

    private static double Norm(float[] values) => Math.Sqrt(values.Sum(x => (double)x * x));

    private static FisherInterpolation Fisher(float[] values)
    {
        var set = Weights.Set(Backends.Create(1), ("w", new Shape(values.Length), values));
        return new FisherInterpolation(set.Values, set);
    }

}
