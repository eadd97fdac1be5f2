using Coppice.Continual.Surgery;
using Coppice.Continual.Surgery.Averages;
using Coppice.Continual.Surgery.Methods;
using Coppice.Foundation;
using Coppice.Models.Tests;
using Coppice.Tensors;

namespace Coppice.Continual.Tests.Surgery;

public sealed class WeightMergeTests : IDisposable
{
    private static readonly LinearInterpolation Linear = new();
    private readonly Backend _backend = Backends.Create(1);

    public void Dispose() => _backend.Dispose();

    [Fact]
    public void Every_parameter_is_merged_and_an_input_may_be_the_destination()
    {
        using var parent = TinyModels.Create("gpt2-untied", _backend, seed: 1);
        using var child = TinyModels.Create("gpt2-untied", _backend, seed: 2);
        using var other = TinyModels.Create("gpt2-untied", _backend, seed: 3);
        WeightMerge.Run(Linear, parent.Parameters, [child.Parameters], other.Parameters, [0.25]);
        foreach (var parameter in other.Parameters.Parameters)
        {
            var (a, b) = (parent.Parameters[parameter.Name].Tensor.ToArray(), child.Parameters[parameter.Name].Tensor.ToArray());
            Assert.Equal(a.Zip(b, (x, y) => (float)((0.75 * x) + (0.25 * y))), parameter.Tensor.ToArray());
        }

        WeightMerge.Run(Linear, parent.Parameters, [child.Parameters], child.Parameters, [0.25]);
        Assert.Equal(Values(other.Parameters), Values(child.Parameters));
    }

    [Fact]
    public void Rows_of_new_tokens_stay_and_the_others_are_merged()
    {
        using var parent = Weights.Set(_backend, ("e", new Shape(2, 2), [0, 0, 0, 0]), ("b", new Shape(1), [0]));
        using var child = Weights.Set(_backend, ("e", new Shape(3, 2), [4, 4, 8, 8, 5, 6]), ("b", new Shape(1), [2]));
        using var result = Weights.Set(_backend, ("e", new Shape(3, 2), new float[6]), ("b", new Shape(1), [0]));
        WeightMerge.Run(Linear, parent, [child], result, [0.5]);
        Assert.Equal([2, 2, 4, 4, 5, 6], result["e"].Tensor.ToArray());
        Assert.Equal([1f], result["b"].Tensor.ToArray());

        // A tuning of the small base on its grown update: new tokens have no delta.
        using var tuned = Weights.Set(_backend, ("e", new Shape(2, 2), [1, 0, 0, 0]), ("b", new Shape(1), [3]));
        WeightMerge.Run(new DeltaTransfer(1), parent, [tuned, child], result);
        Assert.Equal([5, 4, 8, 8, 5, 6], result["e"].Tensor.ToArray());
        Assert.Equal([5f], result["b"].Tensor.ToArray());
    }

    [Fact]
    public void Shapes_and_names_that_do_not_fit_are_refused_by_name_before_anything_is_written()
    {
        using var parent = Weights.Set(_backend, ("a", new Shape(2), [1, 1]), ("w", new Shape(2, 2), [1, 1, 1, 1]));
        using var same = Weights.Set(_backend, ("a", new Shape(2), [2, 2]), ("w", new Shape(2, 2), [1, 1, 1, 1]));
        using var wider = Weights.Set(_backend, ("a", new Shape(2), [2, 2]), ("w", new Shape(2, 3), new float[6]));
        using var grown = Weights.Set(_backend, ("a", new Shape(2), [2, 2]), ("w", new Shape(3, 2), new float[6]));
        using var longer = Weights.Set(_backend, ("a", new Shape(3), [2, 2, 2]), ("w", new Shape(2, 2), new float[4]));
        using var more = Weights.Set(_backend, ("a", new Shape(2), [2, 2]), ("w", new Shape(2, 2), new float[4]), ("z", new Shape(1), [1]));
        void Refused(string message, ParameterSet ancestor, ParameterSet destination, params ParameterSet[] models)
        {
            var before = Values(destination);
            Assert.Contains(message, Assert.Throws<CoppiceException>(() => WeightMerge.Run(new TaskArithmetic(1), ancestor, models, destination)).Message, StringComparison.Ordinal);
            Assert.Equal(before, Values(destination));
        }

        Refused("'w' has the shape [2, 2] in one model and [2, 3]", parent, wider, wider);
        Refused("'w' has the shape [3, 2] in one model and [2, 2]", parent, same, grown);
        Refused("'a' has the shape [2] in one model and [3]", parent, longer, longer);
        Refused("'z' is not in all models", parent, same, more);
        Refused("'z' is not in all models", more, same, same);
        Refused("'w' has 2, 3, 3 rows", parent, grown, grown, grown);
        Refused("'w' has 3, 2 rows", grown, grown, parent);
    }

    [Theory]
    [InlineData(float.NaN, 1, "values that are not finite in one of the models")]
    [InlineData(float.PositiveInfinity, 1, "values that are not finite in one of the models")]
    [InlineData(3e38f, 2, "would have values that are not finite")]
    public void Values_that_are_not_finite_are_refused(float value, double weight, string message)
    {
        using var parent = Weights.Set(_backend, ("w", new Shape(2), [0, 0]));
        using var child = Weights.Set(_backend, ("w", new Shape(2), [0, value]));
        foreach (var method in new IMergeMethod[] { new TaskArithmetic(weight), new Ties(weight, 0.5), new Dare(weight, 1, 0) })
            Assert.Contains(message, Assert.Throws<CoppiceException>(() => WeightMerge.Run(method, parent, [child], child)).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_scan_measures_each_mixture_and_leaves_the_model_as_it_was()
    {
        using var parent = TinyModels.Create("llama", _backend, vocabulary: 40, seed: 1);
        using var child = TinyModels.Create("llama", _backend, seed: 2);
        var before = Values(child.Parameters);
        var points = InterpolationScan.Run(child, parent.Parameters, [1, 0.5, 0], model => Values(model.Parameters));
        Assert.Equal([1, 0.5, 0], points.Select(point => point.ChildWeight));
        Assert.Equal(before, points[0].Score);
        Assert.NotEqual(before, points[1].Score);
        var norm = child.Parameters["model.norm.weight"];
        Assert.Equal(parent.Parameters["model.norm.weight"].Tensor.ToArray(), points[2].Score.AsSpan((int)norm.Offset, (int)norm.Count).ToArray());
        Assert.Equal(before, Values(child.Parameters));

        Assert.Throws<InvalidOperationException>(() => InterpolationScan.Run<int>(child, parent.Parameters, [0.5], _ => throw new InvalidOperationException()));
        Assert.Throws<CoppiceException>(() => InterpolationScan.Run(child, parent.Parameters, [0.5, 2], _ => 0));
        Assert.Equal(before, Values(child.Parameters));
    }

    [Fact]
    public void Averages_of_a_run_are_means_of_the_latest_or_of_all()
    {
        using var weights = new FlatBuffer(_backend, 3);
        var (latest, all) = (new LatestWeightAverage(3, window: 2), new RunningMean(3));
        Assert.Throws<InvalidOperationException>(() => all.CopyTo(weights));
        Assert.Throws<InvalidOperationException>(() => latest.CopyTo(weights));
        foreach (var value in new[] { 1f, 2f, 6f })
        {
            weights.CopyFrom([value, 0.1f, -value], 0);
            latest.Add(weights);
            all.Add(weights);
        }

        Assert.Equal((2, 3), (latest.Count, all.Count));
        latest.CopyTo(weights);
        // Equal weights average to themselves, bit for bit.
        Assert.Equal([4, 0.1f, -4], Read(weights));
        all.CopyTo(weights);
        Assert.Equal([3, 0.1f, -3], Read(weights));
        using var other = new FlatBuffer(_backend, 4);
        Assert.Throws<ArgumentException>(() => all.Add(other));
        Assert.Throws<ArgumentException>(() => latest.Add(other));
    }

    private static float[] Values(ParameterSet parameters) => Read(parameters.Values);

    private static float[] Read(FlatBuffer buffer)
    {
        var values = new float[buffer.Count];
        buffer.CopyTo(0, values);
        return values;
    }
}
