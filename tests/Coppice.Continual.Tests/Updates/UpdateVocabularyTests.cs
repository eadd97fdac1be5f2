using Coppice.Corpus;
using Coppice.Models;
using Coppice.Tokenizers;
using Xunit;

namespace Coppice.Continual.Tests.Updates;

[Collection(UpdateCollection.Name)]
public sealed class UpdateVocabularyTests(UpdateWorld world)
{
    private static readonly string[] AnyForgetting = ["gate.max_forgetting=1e6", "gate.max_forgetting_overall=1e6"];

    [Fact]
    public void A_grown_vocabulary_keeps_old_tokens_and_the_next_update_goes_on_from_it()
    {
        var before = UpdateWorld.FilesOf(world.At("base"));
        var grown = world.Update("grown", world.Parent, world.New, [.. AnyForgetting, "vocabulary.grow=50", "replay.budget_bytes=10000"]);
        Assert.True(grown.Accepted);
        Assert.Equal(before, UpdateWorld.FilesOf(world.At("base")));
        var (old, tokenizer) = (Tokenizer.Load(world.Parent), Tokenizer.Load(grown.Model));
        Assert.Equal(old.VocabularySize + 50, tokenizer.VocabularySize);
        Assert.Equal(tokenizer.VocabularySize, ModelDirectory.ReadConfiguration(grown.Model).VocabularySize);
        Assert.All(Enumerable.Range(0, old.VocabularySize), id => Assert.Equal(old.IdToToken(id), tokenizer.IdToToken(id)));
        Assert.True(grown.Sources[1].ChangePercent < -10);

        // Every store that the child names is in its own tokens.
        var provenance = UpdateWorld.ProvenanceOf(grown.Model);
        foreach (var path in provenance.Sources.SelectMany(source => new[] { source.Store!, source.HeldOut! }))
        {
            using var store = TokenStore.Open(Provenance.ResolvePath(grown.Model, path));
            Assert.Equal(tokenizer.Fingerprint, store.TokenizerFingerprint);
        }

        var next = world.Update("grown-next", grown.Model, world.Next, AnyForgetting);
        Assert.Equal(["old", "new", "next"], next.Sources.Select(source => source.Name));
        Assert.Equal(grown.Sources[0].BitsPerByteAfter, next.Sources[0].BitsPerByteBefore, 1e-6);

        var twice = world.Update("grown-twice", grown.Model, world.Next, [.. AnyForgetting, "vocabulary.grow=20"]);
        Assert.Equal(tokenizer.VocabularySize + 20, Tokenizer.Load(twice.Model).VocabularySize);

        Directory.Delete(world.At("grown/data"), recursive: true);
        var kept = world.Update("grown-kept", grown.Model, world.Next, AnyForgetting);
        Assert.Equal(grown.Sources[0].BitsPerByteAfter, kept.Sources[0].BitsPerByteBefore, 1e-6);
    }

    [Fact]
    public void A_grown_update_that_is_stopped_goes_on_to_the_same_bytes()
    {
        string[] keys = [.. AnyForgetting, "vocabulary.grow=30", "training.steps=12", "training.checkpoint_every=4"];
        var whole = world.Update("grown-whole", world.Parent, world.New, keys);
        using (var stop = new StopAfter(6)) world.Run("grown-stopped", world.RecipeFor(world.Parent, world.New, keys), stop: stop);
        var result = world.Run("grown-stopped", world.RecipeFor(world.Parent, world.New, keys), resume: true);
        Assert.Equal(UpdateWorld.WeightsOf(whole.Model), UpdateWorld.WeightsOf(result.Model));
    }

    [Theory]
    [InlineData("replay.from=generated")]
    [InlineData("replay.share=0")]
    public void What_is_not_replayed_is_still_judged_under_a_grown_vocabulary(string replay)
    {
        var name = "grown-" + replay.Split('=')[1];
        var grown = world.Update(name, world.Parent, world.New, [.. AnyForgetting, "vocabulary.grow=20", replay, "replay.generated_tokens=1000", "training.steps=10"]);
        var next = world.Update(name + "-next", grown.Model, world.Next, [.. AnyForgetting, "training.steps=10"]);
        Assert.Equal(["old", "new", "next"], next.Sources.Select(source => source.Name));
        Assert.Equal(grown.Sources[0].BitsPerByteAfter, next.Sources[0].BitsPerByteBefore, 1e-6);
    }

    [Fact]
    public void A_refused_update_with_new_tokens_is_interpolated_too()
    {
        var result = world.Update("grown-refused", world.Parent, world.New, "vocabulary.grow=20", "replay.share=0", "optimizer.learning_rate=0.03", "gate.max_forgetting=0.0001");
        Assert.True(File.Exists(Path.Combine(result.Candidate ?? result.Model, "model.safetensors")));
        Assert.True(File.Exists(world.At("grown-refused/report.html")));
    }
}
