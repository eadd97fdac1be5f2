using Coppice.Corpus;
using Coppice.Tensors;

namespace Coppice.Training.Tests.Loop;

/// <summary>Counts what the whole process allocates, so no other test may run beside.</summary>
[CollectionDefinition(nameof(SteadyStateTests), DisableParallelization = true)]
[Collection(nameof(SteadyStateTests))]
public sealed class SteadyStateTests
{
    [Theory]
    [InlineData("gpt2")]
    [InlineData("llama")]
    public void A_steady_step_allocates_no_managed_memory(string architecture)
    {
        // The reference backend is for reading, not for speed: it allocates.
        using var backend = Backends.Create(threads: 2, Backends.Supported[^1]);
        using var model = TrainerTests.SmallModel(architecture, backend);
        using var trainer = TrainerTests.NewTrainer(model);
        PackedBatch[] batches = [TrainerTests.RandomBatch(1, 4, 0.9), TrainerTests.RandomBatch(2, 4, 0.9)];
        void Step(long step) => trainer.Apply(trainer.ComputeGradients(batches, step), 1e-3);
        for (var step = 0; step < 3; step++) Step(step);
        var reserved = trainer.Arena.ReservedBytes;
        // The runtime itself may allocate once while it recompiles a hot method: a steady step is one that allocates nothing.
        var least = long.MaxValue;
        for (var attempt = 0; attempt < 5 && least > 0; attempt++)
        {
            var before = GC.GetTotalAllocatedBytes(precise: true);
            Step(3 + attempt);
            least = Math.Min(least, GC.GetTotalAllocatedBytes(precise: true) - before);
        }

        Assert.Equal(0, least);
        Assert.Equal(reserved, trainer.Arena.ReservedBytes);
    }
}
