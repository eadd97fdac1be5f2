using Coppice.Continual.Protection;
using Coppice.Models.Tests;
using Coppice.Tensors;

namespace Coppice.Continual.Tests.Protection;

/// <summary>Counts what the whole process allocates, so no other test may run beside.</summary>
[CollectionDefinition(nameof(DistillationSteadyStateTests), DisableParallelization = true)]
[Collection(nameof(DistillationSteadyStateTests))]
public sealed class DistillationSteadyStateTests
{
    [Fact]
    public void A_steady_step_with_a_parent_and_penalties_allocates_no_managed_memory()
    {
        // The reference backend is for reading, not for speed: it allocates.
        using var backend = Backends.Create(threads: 2, Backends.Supported[^1]);
        using var parent = TinyModels.Create("gpt2", backend, seed: 2);
        using var model = TinyModels.Create("gpt2", backend, trainable: true);
        using var objective = new ParentDistillation(parent, [false, true], new DistillationSettings(Weight: 1, Share: 0.4));
        using var pull = new PullToStart(parent.Parameters.Values, 0.01);
        using var elastic = new ElasticWeightConsolidation([new ElasticAnchor(parent.Parameters.Values, parent.Parameters.Values, 0.1)]);
        using var trainer = ParentDistillationTests.NewTrainer(model, objective);
        Corpus.PackedBatch[] batches = [ParentDistillationTests.Batch(1), ParentDistillationTests.Batch(2), ParentDistillationTests.Batch(3, replayed: false)];
        void Step(long step)
        {
            var result = trainer.ComputeGradients(batches, step);
            pull.AddGradient(model.Parameters);
            elastic.AddGradient(model.Parameters);
            trainer.Apply(result, 1e-3);
        }

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
