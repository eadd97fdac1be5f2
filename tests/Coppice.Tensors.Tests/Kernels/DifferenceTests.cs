namespace Coppice.Tensors.Tests;

[Collection(KernelCollection.Name)]
public sealed unsafe class DifferenceTests(KernelFixture kernels)
{
    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void Weighted_differences_match_the_reference(bool weighted)
    {
        foreach (var n in KernelFixture.Lengths)
        {
            kernels.Compare($"difference of {n}, weighted {weighted}", run =>
            {
                var weights = weighted ? run.Input(n) : null;
                run.Backend.AddDifference(n, 0.3f, weights, run.Input(n), run.Input(n), run.Output("y", n, new Tolerance(4e-6, 2e-6), accumulate: true));
            });
        }
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void Squared_distances_are_exact_to_a_millionth_and_do_not_depend_on_the_threads(bool weighted)
    {
        foreach (var n in KernelFixture.Lengths.Append(200_003))
        {
            var values = new Dictionary<string, double>();
            foreach (var backend in kernels.All)
            {
                using var run = new KernelRun(backend, "squared distance");
                var weights = weighted ? run.Input([.. run.Normals(n).Select(MathF.Abs)]) : null;
                var x = run.Input(n, 1e3);
                var y = run.Input(n);
                var expected = 0.0;
                for (var i = 0; i < n; i++) expected += (weighted ? weights[i] : 1.0) * ((double)x[i] - y[i]) * ((double)x[i] - y[i]);
                var actual = backend.SquaredDistance(n, weights, x, y);
                Assert.InRange(actual, expected * (1 - 1e-6), expected * (1 + 1e-6));
                var level = backend.Name.Split(',')[0];
                Assert.Equal(values.GetValueOrDefault(level, actual), actual);
                values[level] = actual;
            }
        }
    }
}
