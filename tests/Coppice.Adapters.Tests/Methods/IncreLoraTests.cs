using Coppice.Adapters.Directories;
using Coppice.Adapters.Methods;
using Coppice.Foundation;
using Coppice.Models.Tests;
using Coppice.Testing;

namespace Coppice.Adapters.Tests.Methods;

/// <summary>Targets that grow where that matters.</summary>
public sealed class IncreLoraTests
{
    internal static readonly AdapterSettings Settings = AdaptedModel.Settings("increlora") with
    {
        Rank = 6, IncreLora = new IncreLoraSettings { TargetRank = 2, Reserve = 2, WarmUp = 2, Interval = 1, Growing = 3 },
    };

    [Fact]
    public void Ranks_grow_to_the_budget_and_no_further_and_not_alike()
    {
        using var adapted = new AdaptedModel("increlora", "llama", Settings);
        adapted.Set.Activate(AdaptedModel.Name);
        var training = adapted.Adapter.CreateTraining(12);
        var growth = Assert.IsType<IncreLoraGrowth>(training.Transform);
        using var trainer = adapted.NewTrainer(training);
        var count = adapted.Adapter.Targets.Count;
        Assert.All(growth.Ranks, rank => Assert.Equal(1, rank));
        var total = count;
        for (var step = 0; step < 12; step++)
        {
            trainer.Apply(trainer.ComputeGradients([AdaptedModel.Batch(step)], step), 0.02);
            // Three targets by two components each step from the second on; what is left at last is less.
            total = step + 1 < 2 ? count : Math.Min(2 * count, total + 6);
            Assert.Equal(total, growth.Ranks.Sum());
            AssertMiddle(adapted, growth, isSpent: total == 2 * count);
        }

        Assert.Equal(2 * count, total);
        Assert.True(growth.Ranks.Distinct().Count() > 1);
        adapted.Set.Deactivate();
    }

    [Fact]
    public void Growing_changes_nothing_but_what_a_reserve_does()
    {
        using var adapted = new AdaptedModel("increlora", "gpt2", Settings);
        adapted.Set.Activate(AdaptedModel.Name);
        using var trainer = adapted.NewTrainer(adapted.Adapter.CreateTraining(12));
        for (var step = 0; step < 2; step++) trainer.Apply(trainer.ComputeGradients([AdaptedModel.Batch(step)], step), 0.02);
        var before = adapted.Output();
        // A step of no length: it grows and does nothing else.
        trainer.Apply(trainer.ComputeGradients([AdaptedModel.Batch(2)], 2), 0);
        var error = AdaptedModel.RelativeError(before, adapted.Output());
        Assert.True(error is > 0 and < 1e-5, $"{error}");
        adapted.Set.Deactivate();
    }

    [Fact]
    public void Files_hold_the_lora_that_it_has_become()
    {
        using var folder = new TemporaryFolder();
        using var adapted = new AdaptedModel("increlora", "gpt2", Settings);
        adapted.Train(6);
        AdapterDirectory.Save(folder.Root, adapted.Set, AdaptedModel.Name);
        using var fresh = TinyModels.Create("gpt2", adapted.Backend);
        using var set = new AdapterSet(fresh);
        var loaded = AdapterDirectory.Load(folder.Root, set, "loaded");
        Assert.Equal("lora", loaded.Method.Name);
        set.Activate("loaded");
        Assert.True(AdaptedModel.RelativeError(adapted.AdaptedOutput(), AdaptedModel.Output(fresh)) < 1e-6);
        set.Deactivate();
    }

    [Fact]
    public void What_cannot_be_is_refused()
    {
        Assert.Throws<CoppiceException>(() => new AdaptedModel("increlora", "gpt2", Settings with { IncreLora = new IncreLoraSettings { TargetRank = 7 } }));
        using var never = new AdaptedModel("increlora", "gpt2", Settings with { IncreLora = new IncreLoraSettings { Interval = 0 } });
        Assert.Throws<CoppiceException>(() => never.Adapter.CreateTraining(10));
    }

    // Behind the components at work come those in reserve, whose e never moves, and then nothing.
    private static void AssertMiddle(AdaptedModel adapted, IncreLoraGrowth growth, bool isSpent)
    {
        for (var t = 0; t < growth.Ranks.Count; t++)
        {
            var values = adapted.Adapter.Parameters[adapted.Adapter.Targets[t].Name + ".lora_E"].Tensor.ToArray();
            var rank = growth.Ranks[t];
            for (var k = rank; k < values.Length; k++) Assert.Equal(!isSpent && k < rank + 2 ? IncreLora.ReserveValue : 0, values[k]);
        }
    }
}
