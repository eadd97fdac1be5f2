namespace Coppice.Tensors.Tests;

[Collection(KernelCollection.Name)]
public sealed unsafe class OptimizerTests(KernelFixture kernels)
{
    [Fact]
    public void Adam_matches_the_reference()
    {
        foreach (var n in KernelFixture.Lengths)
        {
            foreach (var (step, amsGrad, scale) in (ReadOnlySpan<(long, bool, double)>)[(1, false, 1), (10, true, 1e-3), (100_000, false, 100), (3, true, 1e3)])
            {
                kernels.Compare($"Adam on {n}, step {step}, AMSGrad {amsGrad}, scale {scale}", run =>
                {
                    var tolerance = new Tolerance(1e-6 * scale * scale, 5e-6);
                    // Elements that never had a gradient: 0 / (0 + ε).
                    var u = run.InPlace("update", new(1e-6, 5e-6), [.. run.Normals(n, scale).Select((value, i) => i % 5 == 0 ? 0 : value)]);
                    var m = run.InPlace("m", new(1e-6 * scale, 5e-6), [.. run.Normals(n, scale).Select((value, i) => i % 5 == 0 ? 0 : value)]);
                    var v = run.InPlace("v", tolerance, [.. run.Normals(n, scale).Select((value, i) => i % 5 == 0 ? 0 : value * value)]);
                    var vmax = amsGrad ? run.InPlace("vmax", tolerance, [.. run.Normals(n, scale).Select(value => value * value)]) : null;
                    run.Backend.AdamUpdate(n, u, m, v, vmax, 0.9f, 0.99f, 1e-8f, step);
                });
            }
        }
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void Momentum_matches_the_reference(bool nesterov)
    {
        foreach (var n in KernelFixture.Lengths)
        {
            kernels.Compare($"momentum on {n}, Nesterov {nesterov}", run =>
                run.Backend.MomentumUpdate(n, run.InPlace("u", Tolerance.Default, run.Normals(n)), run.InPlace("m", Tolerance.Default, run.Normals(n)), 0.95f, nesterov));
        }
    }

    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    [InlineData(4096)]
    [InlineData(4097)]
    [InlineData(100_000)]
    public void Update_blocks_cover_a_buffer_once(int count)
    {
        foreach (var backend in kernels.All)
        {
            var visits = new int[count];
            backend.ForEachUpdateBlock(count, (start, length) =>
            {
                Assert.InRange(length, 1, backend.UpdateBlock);
                for (var i = start; i < start + length; i++) Interlocked.Increment(ref visits[i]);
            });
            Assert.True(visits.All(visit => visit == 1));
        }
    }
}
