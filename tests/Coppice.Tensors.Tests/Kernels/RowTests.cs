namespace Coppice.Tensors.Tests;

[Collection(KernelCollection.Name)]
public sealed unsafe class RowTests(KernelFixture kernels)
{
    private static readonly int[] RowCounts = [0, 1, 5, 70];
    private static readonly Tolerance Gradient = new(2e-5, 1e-5);

    [Fact]
    public void Layer_norm_matches_the_reference_forward_and_backward()
    {
        foreach (var (rows, columns, options) in Cases())
        {
            var (withBias, accumulate, withInput) = ((options & 1) != 0, (options & 2) != 0, options != 4);
            kernels.Compare($"layer norm {rows}x{columns}, bias {withBias}, accumulate {accumulate}, dx {withInput}", run =>
            {
                // A mean far from 0: the variance must not come from a difference of large numbers.
                var x = run.Input([.. run.Normals((long)rows * columns).Select(value => value + 3)]);
                var weight = run.Input(columns);
                var means = run.Output("means", rows, Tolerance.Default);
                var inverses = run.Output("inverses", rows, new(2e-6, 1e-5));
                run.Backend.LayerNorm(rows, columns, x, weight, withBias ? run.Input(columns) : null, 1e-2f, run.Output("y", rows, columns, new(1e-5, 1e-5)), means, inverses);
                run.Backend.LayerNormBackward(
                    rows,
                    columns,
                    x,
                    weight,
                    means,
                    inverses,
                    run.Input(rows, columns),
                    withInput ? run.Output("dx", rows, columns, Gradient, accumulate: accumulate) : null,
                    accumulate,
                    options == 5 ? null : run.Output("dweight", columns, Gradient, accumulate: true),
                    withBias && options != 5 ? run.Output("dbias", columns, Gradient, accumulate: true) : null);
            });
        }
    }

    [Fact]
    public void Root_mean_square_norm_matches_the_reference_forward_and_backward()
    {
        foreach (var (rows, columns, options) in Cases())
        {
            var (accumulate, withInput, withWeight) = ((options & 1) != 0, options != 4, options != 5);
            kernels.Compare($"rms norm {rows}x{columns}, accumulate {accumulate}, dx {withInput}, dweight {withWeight}", run =>
            {
                var x = run.Input(rows, columns);
                var weight = run.Input(columns);
                var inverses = run.Output("inverses", rows, Tolerance.Default);
                run.Backend.RmsNorm(rows, columns, x, weight, 1e-5f, run.Output("y", rows, columns, Tolerance.Default), inverses);
                run.Backend.RmsNormBackward(
                    rows,
                    columns,
                    x,
                    weight,
                    inverses,
                    run.Input(rows, columns),
                    // One column and a small epsilon: the gradient is a difference of nearly equal numbers, each as large as the inverse.
                    withInput ? run.Output("dx", rows, columns, columns == 1 ? new(1e-3, 1e-3) : Gradient, accumulate: accumulate) : null,
                    accumulate,
                    withWeight ? run.Output("dweight", columns, Gradient, accumulate: true) : null);
            });
        }
    }

    [Fact]
    public void Softmax_matches_the_reference_forward_and_backward()
    {
        foreach (var (rows, columns, options) in Cases())
        {
            var (logarithm, accumulate) = ((options & 1) != 0, (options & 2) != 0);
            kernels.Compare($"softmax {rows}x{columns}, logarithm {logarithm}, accumulate {accumulate}", run =>
            {
                var values = run.Normals((long)rows * columns, 5);
                // A logarithm is the difference of a logit and a sum, both up to about 20.
                var tolerance = logarithm ? new Tolerance(5e-6, 2e-6) : Tolerance.Default;
                var y = run.Output("y", rows, columns, tolerance);
                run.Backend.Softmax(rows, columns, run.Input(values), y, logarithm);
                run.Backend.SoftmaxBackward(rows, columns, y, run.Input(rows, columns), run.Output("dx", rows, columns, Gradient, accumulate: accumulate), logarithm, accumulate);
                var inPlace = run.InPlace("in place", tolerance, values);
                run.Backend.Softmax(rows, columns, inPlace, inPlace, logarithm);
            });
        }
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void Softmax_survives_huge_logits_and_gives_masked_ones_nothing(bool logarithm)
    {
        foreach (var columns in KernelFixture.Widths)
        {
            kernels.Compare($"softmax of {columns} extreme logits, logarithm {logarithm}", run =>
            {
                var values = run.Normals(3L * columns, 1e4);
                for (var i = 0; i < values.Length; i += 2)
                {
                    if (i % columns != 0) values[i] = float.NegativeInfinity;
                }

                run.Backend.Softmax(3, columns, run.Input(values), run.Output("y", 3, columns, new(1e-6, 1e-6)), logarithm);
            });
        }
    }

    [Fact]
    public void Sums_match_the_reference()
    {
        foreach (var n in KernelFixture.Lengths)
        {
            kernels.Compare($"sum of {n}", run => run.Backend.Sum(n, run.Input(n), 0.5f, run.Output("sum", 1, Tolerance.Sum(n))));
        }
    }

    [Fact]
    public void Sums_of_squares_are_exact_to_a_millionth_and_do_not_depend_on_the_threads()
    {
        foreach (var n in KernelFixture.Lengths.Append(200_003))
        {
            var values = new Dictionary<string, double>();
            foreach (var backend in kernels.All)
            {
                using var run = new KernelRun(backend, "sum of squares");
                var x = run.Input(n, 1e3);
                var expected = new ReadOnlySpan<float>(x, n).ToArray().Sum(value => (double)value * value);
                var actual = backend.SumOfSquares(x, n);
                Assert.InRange(actual, expected * (1 - 1e-6), expected * (1 + 1e-6));
                var level = backend.Name.Split(',')[0];
                Assert.Equal(values.GetValueOrDefault(level, actual), actual);
                values[level] = actual;
            }
        }
    }

    /// <summary>All shapes; three of the six combinations of options take turns, so that each meets every width and every number of rows.</summary>
    private static IEnumerable<(int Rows, int Columns, int Options)> Cases()
    {
        var next = 0;
        foreach (var columns in KernelFixture.Widths)
        {
            foreach (var rows in RowCounts)
            {
                for (var options = next++ % 2; options < 6; options += 2) yield return (rows, columns, options);
            }

            // Four numbers of rows: without this each would meet half of the options only.
            next++;
        }
    }
}
