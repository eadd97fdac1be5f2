using System.Text.Json;
using Coppice.Continual.Recipes;
using Coppice.Continual.Updates;
using Coppice.Corpus;
using Coppice.Models;
using Xunit;

namespace Coppice.Continual.Tests.Updates;

[Collection(UpdateCollection.Name)]
public sealed class UpdateRunTests(UpdateWorld world)
{
    [Fact]
    public void An_update_learns_the_new_text_and_leaves_its_parent_as_it_was()
    {
        var before = UpdateWorld.FilesOf(world.At("base"));
        var result = world.Update("learns", world.Parent, world.New);
        Assert.Equal(before, UpdateWorld.FilesOf(world.At("base")));
        Assert.True(result.Accepted);
        Assert.Equal(world.At("learns/model"), result.Model);
        Assert.Null(result.Candidate);
        Assert.Equal((40, 40 * 8 * 32), (result.Steps, result.Tokens));
        Assert.Equal(["old", "new"], result.Sources.Select(source => source.Name));
        var (old, added) = (result.Sources[0], result.Sources[1]);
        Assert.True(added.ChangePercent < -10, $"the new language changed by {added.ChangePercent} %");
        Assert.Equal(100 * (added.BitsPerByteAfter / added.BitsPerByteBefore - 1), added.ChangePercent, 1e-9);
        Assert.True(old.BitsPerByteWorst >= old.BitsPerByteAfter);
        Assert.InRange(old.ChangePercent, old.Low!.Value, old.High!.Value);
        Assert.Equal(old.BitsPerByteBefore, old.BestAncestorBitsPerByte);
        Assert.Null(added.BestAncestorBitsPerByte);
        Assert.False(Directory.Exists(world.At("learns/candidate")));
    }

    [Fact]
    public void The_child_remembers_its_parent_and_all_sources_with_stores_that_open()
    {
        var result = world.First;
        var provenance = UpdateWorld.ProvenanceOf(result.Model);
        Assert.Equal(world.Parent, Provenance.ResolvePath(result.Model, provenance.Parent!.Path));
        Assert.Equal(ModelDirectory.Fingerprint(world.Parent), provenance.Parent.Fingerprint);
        Assert.Equal(["old", "new"], provenance.Sources.Select(source => source.Name));
        foreach (var (source, outcome) in provenance.Sources.Zip(result.Sources))
        {
            using var train = TokenStore.Open(Provenance.ResolvePath(result.Model, source.Store!));
            using var heldOut = TokenStore.Open(Provenance.ResolvePath(result.Model, source.HeldOut!));
            Assert.Equal((source.Fingerprint, source.Documents, source.Tokens), (train.Fingerprint, train.DocumentCount, train.TokenCount));
            Assert.Equal(provenance.Tokenizer, heldOut.TokenizerFingerprint);
            Assert.Equal(outcome.BitsPerByteAfter, source.HeldOutBitsPerByte!.Value, 1e-12);
            Assert.Equal(outcome.BitsPerByteBefore, source.HeldOutBitsPerByteBefore!.Value, 1e-12);
        }
    }

    [Fact]
    public void The_parent_before_is_measured_as_its_own_release_was()
    {
        var released = UpdateWorld.ProvenanceOf(world.Parent).Sources[0].HeldOutBitsPerByte!.Value;
        Assert.Equal(released, world.First.Sources[0].BitsPerByteBefore, released * 0.05);
    }

    [Fact]
    public void The_result_file_says_what_the_result_says()
    {
        var result = world.First;
        using var written = JsonDocument.Parse(File.ReadAllText(world.At("first/update.json")));
        Assert.True(written.RootElement.GetProperty("accepted").GetBoolean());
        var source = written.RootElement.GetProperty("sources")[1];
        Assert.Equal(result.Sources[1].ChangePercent, source.GetProperty("change_percent").GetDouble());
        Assert.Equal(result.Sources[1].BitsPerByteWorst, source.GetProperty("bits_per_byte_worst").GetDouble());
    }

    [Theory]
    [InlineData(0.25)]
    [InlineData(0.5)]
    [InlineData(0)]
    public void Batches_hold_old_and_new_in_proportion(double share)
    {
        world.Update($"share-{share}", world.Parent, world.New, FormattableString.Invariant($"replay.share={share}"), "training.steps=10", "gate.max_forgetting=1e6", "gate.max_forgetting_overall=1e6");
        using var state = JsonDocument.Parse(File.ReadAllText(world.At($"share-{share}/checkpoints/step-00000010/training/state.json")));
        var drawn = state.RootElement.GetProperty("data").GetProperty("drawn_by_source").EnumerateArray().Select(number => number.GetInt64()).ToList();
        Assert.Equal(80, drawn.Sum());
        // The new source comes first.
        Assert.Equal(80 * (1 - share), drawn[0]);
        Assert.Equal(share == 0 ? 1 : 2, drawn.Count);
    }

    [Fact]
    public void What_is_measured_on_the_way_changes_nothing()
    {
        var result = world.Update("unmeasured", world.Parent, world.New, "evaluation.points=0");
        Assert.Equal(UpdateWorld.WeightsOf(world.First.Model), UpdateWorld.WeightsOf(result.Model));
        Assert.Equal(result.Sources[0].BitsPerByteAfter, result.Sources[0].BitsPerByteWorst);
    }

    [Fact]
    public void The_worst_on_the_way_is_seen()
    {
        var result = world.Update("gap", world.Parent, world.New, "replay.share=0", "optimizer.learning_rate=0.03", "evaluation.points=40", "gate.max_forgetting=1e6", "gate.max_forgetting_overall=1e6");
        Assert.True(result.Sources[0].BitsPerByteWorst > result.Sources[0].BitsPerByteAfter);
    }

    [Fact]
    public void A_subset_trains_on_a_part_of_the_new_text()
    {
        var notices = new List<string>();
        var result = world.Run("subset", world.RecipeFor(world.Parent, world.New, "subset.share=0.25", "training.steps=0", "epochs=2"), notice: notices.Add);
        Assert.Contains(notices, line => line.StartsWith("new: the best 25 % of it", StringComparison.Ordinal));
        using var part = TokenStore.Open(world.At("subset/subset/0-train.tokens"));
        using var all = TokenStore.Open(world.At("subset/data/0-train.tokens"));
        Assert.InRange(part.TokenCount / (double)all.TokenCount, 0.2, 0.3);
        Assert.Equal(Math.Ceiling(2 * part.TokenCount / (1 - result.ReplayShare) / 256) * 256, result.Tokens);
    }

    [Fact]
    public void A_subset_may_be_chosen_by_the_parent()
    {
        world.Update("by-parent", world.Parent, world.New, "subset.share=0.25", "subset.score=parent", "training.steps=2", "gate.min_gain=0", "gate.max_forgetting=1e6", "gate.max_forgetting_overall=1e6");
        using var part = TokenStore.Open(world.At("by-parent/subset/0-train.tokens"));
        Assert.True(part.DocumentCount > 10);
    }

    [Fact]
    public void The_stability_preset_updates()
    {
        var recipe = UpdatePresets.Apply("stability", world.RecipeFor(world.Parent, world.New, "training.steps=0"));
        Assert.Equal((4, 0.5, 0.5), (recipe.Epochs, recipe.Subset.Share, recipe.Replay.Share));
        var result = world.Run("stability", recipe);
        Assert.Equal(0.5, result.ReplayShare);
        Assert.True(result.Steps > 0);
    }

    [Fact]
    public void The_measurement_points_begin_at_once_and_are_dense_at_the_start()
    {
        Assert.Empty(EvaluationPoints.Of(100, 0));
        Assert.Equal([0, 1, 25, 50, 75, 100], EvaluationPoints.Of(100, 4));
        Assert.Equal([0, 1, 2, 4, 8, 500, 1000], EvaluationPoints.Of(1000, 2));
        Assert.Equal([0, 1], EvaluationPoints.Of(1, 40));
    }
}
