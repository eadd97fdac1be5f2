using Coppice.Foundation;
using Coppice.Models;
using Xunit;

namespace Coppice.Continual.Tests.Updates;

[Collection(UpdateCollection.Name)]
public sealed class UpdateStartTests(UpdateWorld world)
{
    [Theory]
    [InlineData("optimizer.ema_decay=0.9", "ema.average")]
    [InlineData("optimizer.name=sgd", "momentum.velocity")]
    public void What_the_trunks_optimizer_has_nothing_of_begins_anew_and_is_named(string key, string named)
    {
        var notices = new List<string>();
        var recipe = world.RecipeFor(world.Parent, world.New, key, "training.steps=5", "gate.max_forgetting=1e6", "gate.max_forgetting_overall=1e6");
        Assert.True(world.Run("anew-" + named, recipe, notice: notices.Add).Accepted);
        Assert.Contains(notices, line => line.StartsWith("the trunk's optimizer has no ", StringComparison.Ordinal) && line.Contains(named, StringComparison.Ordinal));
    }

    [Fact]
    public void An_update_begins_at_the_trunk_of_its_parent_and_leaves_one_for_the_next()
    {
        var notices = new List<string>();
        var first = world.Run("from-trunk", world.RecipeFor(world.Parent, world.New), notice: notices.Add);
        Assert.Contains(notices, line => line.StartsWith($"beginning from the trunk {world.At("base/trunk")}, undecayed after 96 steps", StringComparison.Ordinal));
        var provenance = UpdateWorld.ProvenanceOf(first.Model);
        Assert.Equal(world.At("from-trunk/trunk"), Provenance.ResolvePath(first.Model, provenance.Trunk!));

        notices.Clear();
        world.Run("from-its-trunk", world.RecipeFor(first.Model, world.Next), notice: notices.Add);
        Assert.Contains(notices, line => line.StartsWith($"beginning from the trunk {world.At("from-trunk/trunk")}, undecayed after 28 steps", StringComparison.Ordinal));
    }

    [Fact]
    public void The_trunks_optimizer_is_kept_or_reset()
    {
        var reset = world.Update("reset", world.Parent, world.New, "start.optimizer=reset");
        Assert.NotEqual(UpdateWorld.WeightsOf(world.First.Model), UpdateWorld.WeightsOf(reset.Model));
    }

    [Fact]
    public void Without_its_trunk_an_update_begins_at_the_release_and_says_so()
    {
        var parent = world.CopyOfParent("trunkless");
        Directory.Delete(world.At("trunkless/trunk"), recursive: true);
        var notices = new List<string>();
        var result = world.Run("trunkless-update", world.RecipeFor(parent, world.New), notice: notices.Add);
        Assert.Contains(notices, line => line.StartsWith("warning: ", StringComparison.Ordinal) && line.Contains("trunk of the parent is not there", StringComparison.Ordinal));
        Assert.Equal(UpdateWorld.WeightsOf(result.Model), UpdateWorld.WeightsOf(world.Update("from-release", world.Parent, world.New, "start.from=release").Model));

        var asked = Assert.Throws<CoppiceException>(() => world.Update("trunkless-asked", parent, world.New, "start.from=trunk"));
        Assert.Contains("start.from=release", asked.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("trunk")]
    [InlineData("auto")]
    public void A_damaged_trunk_is_an_error(string from)
    {
        var parent = world.CopyOfParent("damaged-" + from);
        var weights = world.At($"damaged-{from}/trunk/model.safetensors");
        var bytes = File.ReadAllBytes(weights);
        bytes[^5] ^= 1;
        File.WriteAllBytes(weights, bytes);
        var error = Assert.Throws<CoppiceException>(() => world.Update($"damaged-{from}-update", parent, world.New, "start.from=" + from));
        Assert.Contains("is no whole checkpoint", error.Message, StringComparison.Ordinal);
        Assert.Contains("start.from=release", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_parent_without_a_trunk_has_none_to_begin_from()
    {
        var parent = world.Pretrain("cosine", "old", world.Old, "schedule.name=cosine", "training.steps=10");
        var error = Assert.Throws<CoppiceException>(() => world.Update("cosine-update", parent, world.New, "start.from=trunk"));
        Assert.Equal(ExitCode.Usage, error.ExitCode);
        Assert.Equal(10, world.Update("cosine-release", parent, world.New, "training.steps=10").Steps);
    }
}
