using Coppice.Foundation;
using Xunit;

namespace Coppice.Continual.Tests.Updates;

/// <summary>An update that was stopped and goes on ends in the same bytes, whatever it is held to its parent by.</summary>
[Collection(UpdateCollection.Name)]
public sealed class UpdateResumeTests(UpdateWorld world)
{
    private static readonly string[] Everything =
    [
        "protection.ewc_nats=0.01", "protection.ewc_sequences=16", "protection.l2=0.001", "protection.decoupled_l2=0.1", "protection.kl_on_new=0.2", "replay.kl_weight=1", "optimizer.ema_decay=0.9",
        "start.optimizer=reset", "training.steps=20", "training.checkpoint_every=5", "subset.share=0.5", "gate.max_forgetting=1e6", "gate.max_forgetting_overall=1e6",
    ];

    [Fact]
    public void Stopped_at_several_steps_it_leaves_no_trace()
    {
        foreach (var step in new[] { 1, 13, 27, 28 })
        {
            using var stop = new StopAfter(step);
            var interrupted = world.Run("stopped", world.RecipeFor(world.Parent, world.New), resume: true, stop: stop);
            Assert.True(interrupted is { Interrupted: true, Accepted: false });
            Assert.Equal(step, interrupted.Steps);
            Assert.True(File.Exists(Path.Combine(interrupted.Model, "model.safetensors")));
            Assert.False(Directory.Exists(world.At("stopped/model")));
        }

        var result = world.Run("stopped", world.RecipeFor(world.Parent, world.New), resume: true);
        Assert.Equal(UpdateWorld.WeightsOf(world.First.Model), UpdateWorld.WeightsOf(result.Model));
        Assert.Equal(world.First.Sources, result.Sources);
        Assert.Equal(world.First.Tokens, result.Tokens);
    }

    [Fact]
    public void Stopped_with_every_protection_it_leaves_no_trace_and_threads_neither()
    {
        var whole = world.Update("protected", world.Parent, world.New, [.. Everything, "training.threads=1"]);
        Assert.True(whole.Accepted);
        using (var stop = new StopAfter(8)) world.Run("protected-stopped", world.RecipeFor(world.Parent, world.New, [.. Everything, "training.threads=2"]), stop: stop);
        var result = world.Run("protected-stopped", world.RecipeFor(world.Parent, world.New, [.. Everything, "training.threads=2"]), resume: true);
        Assert.Equal(UpdateWorld.WeightsOf(whole.Model), UpdateWorld.WeightsOf(result.Model));
        Assert.NotEqual(UpdateWorld.WeightsOf(whole.Model), UpdateWorld.WeightsOf(world.Update("unprotected", world.Parent, world.New, [.. Everything, "protection.ewc_nats=0"]).Model));
    }

    [Fact]
    public void A_share_that_a_law_found_is_not_looked_for_again()
    {
        string[] keys = ["replay.share_by_law=true", "training.steps=200", "training.checkpoint_every=50", "evaluation.points=0", "gate.max_forgetting=1e6", "gate.max_forgetting_overall=1e6"];
        var whole = world.Update("by-law", world.Parent, world.New, keys);
        Assert.InRange(whole.ReplayShare, 0, 1);
        using (var stop = new StopAfter(70)) world.Run("by-law-stopped", world.RecipeFor(world.Parent, world.New, keys), stop: stop);
        var notices = new List<string>();
        var result = world.Run("by-law-stopped", world.RecipeFor(world.Parent, world.New, keys), resume: true, notice: notices.Add);
        Assert.DoesNotContain(notices, line => line.StartsWith("trying a share", StringComparison.Ordinal));
        Assert.Equal((whole.ReplayShare, UpdateWorld.WeightsOf(whole.Model)), (result.ReplayShare, UpdateWorld.WeightsOf(result.Model)));
    }

    [Fact]
    public void An_update_that_is_done_may_be_resumed_and_says_the_same()
    {
        var first = world.Update("done", world.Parent, world.New, "training.steps=5", "gate.max_forgetting=1e6", "gate.max_forgetting_overall=1e6");
        var before = UpdateWorld.FilesOf(world.At("done/model"));
        var again = world.Run("done", world.RecipeFor(world.Parent, world.New, "training.steps=5", "gate.max_forgetting=1e6", "gate.max_forgetting_overall=1e6"), resume: true);
        Assert.Equal(first.Sources, again.Sources);
        Assert.Equal(before, UpdateWorld.FilesOf(world.At("done/model")));
    }

    [Fact]
    public void Another_recipe_can_not_go_on_and_a_finished_folder_is_not_taken()
    {
        _ = world.First;
        var other = Assert.Throws<CoppiceException>(() => world.Run("first", world.RecipeFor(world.Parent, world.New, "replay.share=0.5"), resume: true));
        Assert.Equal(ExitCode.Usage, other.ExitCode);
        Assert.Contains("share: 0.5", other.Message, StringComparison.Ordinal);
        var taken = Assert.Throws<CoppiceException>(() => world.Update("first", world.Parent, world.New));
        Assert.Equal(ExitCode.Usage, taken.ExitCode);
        Assert.Contains("holds a run already", taken.Message, StringComparison.Ordinal);
    }
}
