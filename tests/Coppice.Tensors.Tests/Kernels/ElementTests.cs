namespace Coppice.Tensors.Tests;

[Collection(KernelCollection.Name)]
public sealed unsafe class ElementTests(KernelFixture kernels)
{
    public static TheoryData<PointwiseFunction> Functions => new(Enum.GetValues<PointwiseFunction>());

    [Theory]
    [MemberData(nameof(Functions))]
    public void Functions_match_the_reference_over_their_whole_range(PointwiseFunction function)
    {
        foreach (var inPlace in (ReadOnlySpan<bool>)[false, true])
        {
            kernels.Compare($"{function}, in place {inPlace}", run =>
            {
                var values = Arguments(function, run);
                var x = inPlace ? run.InPlace("y", ToleranceOf(function), values) : run.Input(values);
                run.Backend.Apply(function, values.Length, x, inPlace ? x : run.Output("y", values.Length, ToleranceOf(function)));
            });
        }
    }

    [Theory]
    [MemberData(nameof(Functions))]
    public void Derivatives_match_the_reference_over_their_whole_range(PointwiseFunction function)
    {
        foreach (var mode in (ReadOnlySpan<string>)["overwrite", "accumulate", "in place"])
        {
            kernels.Compare($"derivative of {function}, {mode}", run =>
            {
                var values = Arguments(function, run);
                var x = run.Input(values);
                var y = run.Output("y", values.Length, ToleranceOf(function));
                run.Backend.Apply(function, values.Length, x, y);
                var gradients = run.Normals(values.Length);
                // 1 - tanh² loses its digits where x is large, and is multiplied by x³.
                var tolerance = function == PointwiseFunction.GeluTanh ? new Tolerance(2e-5, 3e-6) : new Tolerance(3e-6, 3e-6);
                var dy = mode == "in place" ? run.InPlace("dx", tolerance, gradients) : run.Input(gradients);
                var dx = mode == "in place" ? dy : run.Output("dx", values.Length, tolerance, mode == "accumulate");
                run.Backend.ApplyBackward(function, values.Length, x, y, dy, dx, mode == "accumulate");
            });
        }
    }

    [Theory]
    [MemberData(nameof(Functions))]
    public void Functions_and_derivatives_handle_all_lengths(PointwiseFunction function)
    {
        foreach (var n in KernelFixture.Lengths)
        {
            kernels.Compare($"{function} of {n}", run =>
            {
                var values = run.Normals(n);
                if (function is PointwiseFunction.Log or PointwiseFunction.Sqrt) values = [.. values.Select(value => Math.Abs(value) + 0.1f)];
                var x = run.Input(values);
                var y = run.Output("y", n, ToleranceOf(function));
                run.Backend.Apply(function, n, x, y);
                run.Backend.ApplyBackward(function, n, x, y, run.Input(n), run.Output("dx", n, new(3e-6, 3e-6), accumulate: true), accumulate: true);
            });
        }
    }

    [Fact]
    public void Memory_is_cleared_and_copied()
    {
        foreach (var n in KernelFixture.Lengths)
        {
            kernels.Compare($"memory of {n}", run =>
            {
                run.Backend.Zero(run.Output("zeros", n, Tolerance.Exact), n);
                run.Backend.Copy(run.Input(n), run.Output("copy", n, Tolerance.Exact), n);
                var values = new float[n];
                run.Backend.CopyToHost(run.Input(n), values);
                run.Backend.CopyFromHost(values, run.Output("from host", n, Tolerance.Exact));
            });
        }
    }

    [Fact]
    public void Vectors_are_scaled_added_and_multiplied()
    {
        foreach (var n in KernelFixture.Lengths)
        {
            kernels.Compare($"arithmetic on {n}", run =>
            {
                run.Backend.ScaleAdd(n, 0.3f, run.Input(n), -1.7f, run.Output("ax + by", n, Tolerance.Default, accumulate: true));
                run.Backend.ScaleAdd(n, 0.3f, run.Input(n), 0, run.Output("ax", n, Tolerance.Default));
                run.Backend.Add(n, run.Input(n), run.Input(n), run.Output("x + y", n, Tolerance.Exact));
                var x = run.InPlace("x += y", Tolerance.Exact, run.Normals(n));
                run.Backend.Add(n, x, run.Input(n), x);
                run.Backend.MultiplyElements(n, run.Input(n), run.Input(n), run.Output("xy", n, Tolerance.Default), accumulate: false);
                run.Backend.MultiplyElements(n, run.Input(n), run.Input(n), run.Output("+= xy", n, Tolerance.Default, accumulate: true), accumulate: true);
                var z = run.InPlace("x *= y", Tolerance.Default, run.Normals(n));
                run.Backend.MultiplyElements(n, run.Input(n), z, z, accumulate: false);
            });
        }
    }

    [Fact]
    public void A_scalar_in_memory_is_spread_over_all_elements()
    {
        foreach (var n in KernelFixture.Lengths)
        {
            kernels.Compare($"broadcast to {n}", run =>
            {
                run.Backend.Broadcast(n, run.Input(1.3f), 0.7f, run.Output("y", n, Tolerance.Default), accumulate: false);
                run.Backend.Broadcast(n, run.Input(1.3f), 0.7f, run.Output("+= y", n, Tolerance.Default, accumulate: true), accumulate: true);
            });
        }
    }

    [Fact]
    public void Selection_takes_a_missing_side_as_zeros()
    {
        foreach (var n in KernelFixture.Lengths)
        {
            for (var options = 0; options < 8; options++)
            {
                var (hasA, hasB, accumulate) = ((options & 1) != 0, (options & 2) != 0, (options & 4) != 0);
                kernels.Compare($"selection of {n}, a {hasA}, b {hasB}, accumulate {accumulate}", run =>
                {
                    var condition = run.Normals(n).Select((value, i) => value > 0 ? value : i % 2 == 0 ? 0f : -0f).ToArray();
                    run.Backend.Select(n, run.Input(condition), hasA ? run.Input(n) : null, hasB ? run.Input(n) : null, run.Output("y", n, Tolerance.Exact, accumulate), accumulate);
                });
            }
        }
    }

    [Fact]
    public void The_gated_unit_matches_the_reference_forward_and_backward()
    {
        foreach (var n in KernelFixture.Lengths)
        {
            foreach (var scale in (ReadOnlySpan<double>)[1, 30])
            {
                kernels.Compare($"gated unit of {n}, scale {scale}", run =>
                {
                    var (gate, up) = (Values(run, n, scale), Values(run, n, 1));
                    var tolerance = new Tolerance(3e-6 * scale, 2e-6);
                    run.Backend.SwiGlu(n, run.Input(gate), run.Input(up), run.Output("y", n, tolerance));
                    run.Backend.SwiGluBackward(n, run.Input(gate), run.Input(up), run.Input(n), run.Output("dgate", n, tolerance), run.Output("dup", n, tolerance));
                    var dy = run.InPlace("dup in place", tolerance, run.Normals(n));
                    run.Backend.SwiGluBackward(n, run.Input(gate), run.Input(up), dy, run.Output("dgate in place", n, tolerance), dy);
                });
            }
        }

        static float[] Values(KernelRun run, int n, double scale) => run.Normals(n, scale);
    }

    [Theory]
    [InlineData(0f)]
    [InlineData(0.1f)]
    [InlineData(0.5f)]
    [InlineData(0.9f)]
    public void Dropout_drops_what_the_random_stream_says(float probability)
    {
        var random = new Philox(42, 7);
        foreach (var n in KernelFixture.Lengths)
        {
            kernels.Compare($"dropout of {n} with {probability}", run =>
            {
                // No input is near 0: an element that is wrongly kept or dropped shows.
                float[] values = [.. run.Normals(n).Select(value => 1 + Math.Abs(value))];
                run.Backend.Dropout(n, run.Input(values), run.Output("y", n, Tolerance.Default), probability, random, accumulate: false);
                run.Backend.Dropout(n, run.Input(values), run.Output("+= y", n, Tolerance.Default, accumulate: true), probability, random, accumulate: true);
                var x = run.InPlace("in place", Tolerance.Default, values);
                run.Backend.Dropout(n, x, x, probability, random, accumulate: false);
            });
        }
    }

    [Fact]
    public void Dropout_keeps_the_share_and_the_mean_that_it_should()
    {
        const int Count = 200_000;
        foreach (var backend in kernels.All)
        {
            using var run = new KernelRun(backend, "dropout");
            float[] ones = [.. Enumerable.Repeat(1f, Count)];
            var y = run.Output("y", Count, Tolerance.Exact);
            backend.Dropout(Count, run.Input(ones), y, 0.3f, new Philox(1, 2), accumulate: false);
            var values = new ReadOnlySpan<float>(y, Count).ToArray();
            Assert.True(values.All(value => value == 0 || Math.Abs(value - 1 / 0.7) < 1e-6));
            // Five standard deviations of a binomial share.
            Assert.InRange(values.Count(value => value != 0) / (double)Count, 0.7 - 0.0052, 0.7 + 0.0052);
        }
    }

    /// <summary>A dense sweep, random numbers and the ends of the range.</summary>
    private static float[] Arguments(PointwiseFunction function, KernelRun run)
    {
        List<float> values = [0f, -0f, float.Epsilon, -float.Epsilon, 1e-40f, -1e-40f, 1e-20f, -1e-20f, 1e4f, -1e4f, 1e3f, -1e3f, .. run.Normals(500, 4)];
        for (var x = -100f; x <= 100f; x += 0.0625f) values.Add(x);
        return function switch
        {
            PointwiseFunction.Exp => [.. values.Where(x => x <= 87)],
            PointwiseFunction.Log => [.. values.Where(x => x > 1e-30f), 1e-37f, 1e-30f, 1e30f, 3e38f, 0.999999f, 1.000001f],
            PointwiseFunction.Sqrt => [.. values.Where(x => x > 1e-30f), 1e-37f, 1e30f, 3e38f],
            _ => [.. values],
        };
    }

    private static Tolerance ToleranceOf(PointwiseFunction function) => function switch
    {
        PointwiseFunction.Relu => Tolerance.Exact,
        PointwiseFunction.Exp => new(1e-37, 3e-7),
        PointwiseFunction.Log => new(2e-7, 2e-7),
        PointwiseFunction.Sqrt => new(0, 1.5e-7),
        _ => new(1e-6, 1e-6),
    };
}
