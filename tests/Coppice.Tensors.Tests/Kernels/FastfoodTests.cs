namespace Coppice.Tensors.Tests;

/// <summary>A random map that is never formed.</summary>
[Collection(KernelCollection.Name)]
public sealed unsafe class FastfoodTests(KernelFixture kernels)
{
    [Fact]
    public void Maps_match_the_reference_and_do_not_depend_on_the_threads()
    {
        foreach (var (inputs, outputs) in (ReadOnlySpan<(int, int)>)[(1, 1), (3, 2), (1, 7), (10, 8), (20, 100), (300, 257), (70, 40_001)])
        {
            foreach (var transposed in (ReadOnlySpan<bool>)[false, true])
            {
                foreach (var accumulate in (ReadOnlySpan<bool>)[false, true])
                {
                    var factor = new FastfoodMap(new Philox(4, 5), inputs, outputs).Factor;
                    kernels.Compare($"fastfood {inputs} to {outputs}, transposed {transposed}", run =>
                    {
                        var room = (float*)run.Backend.Allocate(2L * FastfoodArguments.SizeOf(outputs) * sizeof(float));
                        run.Backend.Fastfood(new FastfoodArguments
                        {
                            Inputs = inputs, Outputs = outputs, Random = new Philox(4, 5), Factor = factor, Transposed = transposed, Accumulate = accumulate,
                            X = run.Input(transposed ? outputs : inputs), Y = run.Output("y", transposed ? inputs : outputs, new Tolerance(1e-5, 1e-5), accumulate), Room = room,
                        });
                        run.Backend.Free(room);
                    });
                }
            }
        }
    }

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(64)]
    [InlineData(4096)]
    public void Its_permutation_takes_every_place_once(int size)
    {
        var permutation = new FastfoodArguments { Outputs = size, Random = new Philox(9, 1) }.CreatePermutation();
        var places = Enumerable.Range(0, size).Select(i => permutation[i]).ToArray();
        Assert.Equal(Enumerable.Range(0, size), places.Order());
        if (size >= 64) Assert.True(places.Where((place, i) => place == i).Count() < size / 8);
    }

    [Theory]
    [InlineData(20, 100)]
    [InlineData(200, 3000)]
    [InlineData(500, 7)]
    public void The_backward_pass_is_the_transpose(int inputs, int outputs)
    {
        var map = new FastfoodMap(new Philox(1, 2), inputs, outputs);
        foreach (var backend in kernels.All)
        {
            using var tape = new Tape(backend);
            var (z, g) = (Normals(inputs, 3), Normals(outputs, 4));
            var x = tape.Variable(new Shape(1, inputs), z);
            var y = tape.Fastfood(x, map, new Shape(outputs));
            Tape.Keep(y);
            tape.Backward(tape.Sum(tape.Multiply(y, tape.Constant(new Shape(outputs), g))));
            var (forward, backward) = (Dot(y.ToArray(), g), Dot(z, x.GradientToArray()));
            Assert.Equal(forward, backward, 1e-5 * (Math.Abs(forward) + Math.Sqrt(Dot(z, z) * Dot(g, g) / Math.Max(inputs, outputs))));
            // Behind the power of two at or above the outputs nothing is seen.
            Assert.All(x.GradientToArray().Skip(FastfoodArguments.SizeOf(outputs)), gradient => Assert.Equal(0, gradient));
        }
    }

    [Fact]
    public void Lengths_are_kept_on_average()
    {
        var ratios = Enumerable.Range(0, 200).Select(draw =>
        {
            var z = Normals(50, (ulong)draw);
            using var tape = new Tape(kernels.Reference) { Recording = false };
            var y = tape.Fastfood(tape.Constant(new Shape(1, 50), z), new FastfoodMap(new Philox((ulong)draw, 7), 50, 300), new Shape(300)).ToArray();
            return Dot(y, y) / Dot(z, z);
        });
        Assert.InRange(ratios.Average(), 0.9, 1.1);
    }

    private static float[] Normals(int count, ulong stream)
    {
        var random = new Philox(5, stream);
        return [.. Enumerable.Range(0, count).Select(i => random.Normal((ulong)i))];
    }

    private static double Dot(float[] x, float[] y) => x.Zip(y, (a, b) => (double)a * b).Sum();
}
