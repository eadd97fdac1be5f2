using Coppice.Tensors.Tests.Operations;

namespace Coppice.Tensors.Tests.Autograd;

/// <summary>A step gives back all its memory, and a step in steady state asks for none.</summary>
public class TapeMemoryTests
{
    public static TheoryData<KernelLevel, int, bool> FastMachines()
    {
        var data = new TheoryData<KernelLevel, int, bool>();
        // The reference backend computes in managed arrays.
        foreach (var level in Backends.Supported.Where(level => level != KernelLevel.Scalar))
        {
            data.Add(level, 1, false);
            data.Add(level, 2, false);
            data.Add(level, 2, true);
        }

        return data;
    }

    [Theory]
    [MemberData(nameof(FastMachines))]
    public void A_step_in_steady_state_allocates_nothing(KernelLevel level, int threads, bool recomputing)
    {
        using var scope = new Scope(level, threads);
        using var model = new SmallTransformer(scope.Backend) { Dropout = 0.1f };
        var tape = scope.Tape;
        tape.Recomputing = recomputing;
        int[] boundaries = [0, 5, 6, 16];
        int[] positions = [0, 1, 2, 3, 4, 0, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9];
        int[] tokens = [.. positions.Select(position => position + 3)];
        int[] targets = [.. positions.Select(position => position + 4)];
        var weights = new float[positions.Length];
        Array.Fill(weights, 1);
        void Step()
        {
            tape.SeedRandom(1, 0);
            tape.Backward(model.Loss(tape, boundaries, positions, tokens, targets, weights, 1f / 16));
            tape.Reset();
        }

        // The first steps fill the pools of objects and the arena.
        for (var i = 0; i < 3; i++) Step();
        var (reserved, peak) = (tape.Arena.ReservedBytes, tape.Arena.PeakBytes);
        tape.Arena.ResetPeak();
        // Least of some: the runtime now and then allocates on its own account (compiling a hot method again).
        var least = long.MaxValue;
        for (var i = 0; i < 5; i++)
        {
            var before = GC.GetAllocatedBytesForCurrentThread();
            Step();
            least = Math.Min(least, GC.GetAllocatedBytesForCurrentThread() - before);
        }

        Assert.Equal(0, least);
        Assert.Equal(0, tape.Arena.BytesInUse);
        Assert.Equal(reserved, tape.Arena.ReservedBytes);
        Assert.Equal(peak, tape.Arena.PeakBytes);
    }

    [Fact]
    public void The_backward_pass_gives_back_memory_as_it_goes()
    {
        using var scope = new Scope(Backends.Supported[^1], threads: 1);
        var tape = scope.Tape;
        var x = tape.Variable(new Shape(1000), new float[1000]);
        var one = tape.Arena.BytesInUse;
        var h = x;
        for (var i = 0; i < 50; i++) h = tape.Scale(h, 1.01f);
        var loss = tape.Sum(h);
        var forward = tape.Arena.BytesInUse;
        Assert.True(forward >= 51 * one);
        tape.Backward(loss);
        // Two gradients exist beside the results at the first operation, and fewer results from there on.
        Assert.True(tape.Arena.PeakBytes <= forward + 2 * one + 64, $"{tape.Arena.PeakBytes} of {forward}");
        // The variable, its gradient, the loss and its gradient.
        Assert.Equal(2 * one + 128, tape.Arena.BytesInUse);
        tape.Reset();
        Assert.Equal(0, tape.Arena.BytesInUse);
    }

    [Fact]
    public void A_reset_without_a_backward_pass_gives_back_everything()
    {
        using var scope = new Scope(Backends.Supported[^1], threads: 1);
        using var model = new SmallTransformer(scope.Backend);
        var loss = model.Loss(scope.Tape, [[1, 2, 3], [4, 5]], 1);
        Tape.Keep(loss);
        Assert.True(scope.Tape.Arena.BytesInUse > 0);
        scope.Tape.Reset();
        Assert.Equal(0, scope.Tape.Arena.BytesInUse);
    }
}
