using Coppice.Continual.Recipes;
using Coppice.Foundation;
using Coppice.Models;
using Coppice.Training.Recipes;
using Xunit;

namespace Coppice.Continual.Tests.Updates;

/// <summary>What is wrong with an update's input is said in one line, before anything is trained, and the parent is as it was.</summary>
[Collection(UpdateCollection.Name)]
public sealed class UpdateInputTests(UpdateWorld world)
{
    [Theory]
    [InlineData("store", "the tokens of 'old', to replay")]
    [InlineData("held_out", "what was kept apart of 'old'")]
    public void A_missing_old_store_is_named_with_what_to_do(string which, string expected)
    {
        var parent = world.CopyOfParent("without-" + which);
        var source = UpdateWorld.ProvenanceOf(parent).Sources[0];
        File.Delete(Provenance.ResolvePath(parent, which == "store" ? source.Store! : source.HeldOut!));
        var before = UpdateWorld.FilesOf(parent);
        var error = Refused(ExitCode.Failed, "missing-" + which, world.RecipeFor(parent, world.New));
        Assert.Contains(expected, error, StringComparison.Ordinal);
        Assert.Contains("--replay-data FILE", error, StringComparison.Ordinal);
        // What an advice names must work: without replay the held-out text is still needed.
        Assert.Equal(which == "store", error.Contains("--share 0", StringComparison.Ordinal));
        Assert.Equal(before, UpdateWorld.FilesOf(parent));
        Assert.DoesNotContain(Directory.GetFiles(world.At("missing-" + which), "*", SearchOption.AllDirectories), file => file.EndsWith(AtomicFile.TemporarySuffix, StringComparison.Ordinal));
    }

    [Fact]
    public void Without_old_tokens_an_update_goes_on_by_share_0_or_given_text()
    {
        var parent = world.CopyOfParent("tokenless");
        var source = UpdateWorld.ProvenanceOf(parent).Sources[0];
        File.Delete(Provenance.ResolvePath(parent, source.Store!));
        Assert.Equal(0, world.Update("tokenless-0", parent, world.New, "replay.share=0", "gate.max_forgetting=1e6", "gate.max_forgetting_overall=1e6").ReplayShare);

        File.Delete(Provenance.ResolvePath(parent, source.HeldOut!));
        var recipe = world.RecipeFor(parent, world.New);
        var notices = new List<string>();
        var given = world.Write("text/given.jsonl", File.ReadAllText(world.Old));
        var result = world.Run("tokenless-given", recipe with { Replay = recipe.Replay with { Paths = [given] } }, notice: notices.Add);
        Assert.Contains(notices, line => line.Contains("what was kept apart of 'old' is not there", StringComparison.Ordinal));
        Assert.Equal(["given", "new"], result.Sources.Select(outcome => outcome.Name));
        Assert.Equal(["old", "given", "new"], UpdateWorld.ProvenanceOf(result.Model).Sources.Select(outcome => outcome.Name));

        // Under the name that the parent knows, it takes the place of what is missing.
        result = world.Run("tokenless-same", recipe with { Replay = recipe.Replay with { Paths = [world.Old] } });
        Assert.Equal(["old", "new"], result.Sources.Select(outcome => outcome.Name));
        Assert.Equal(["old", "new"], UpdateWorld.ProvenanceOf(result.Model).Sources.Select(outcome => outcome.Name));
    }

    [Theory]
    [InlineData("base/model")]
    [InlineData("base/model/")]
    [InlineData("base/model/next")]
    [InlineData("base")]
    [InlineData("base/../base")]
    [InlineData(".")]
    public void The_update_does_not_lie_in_its_parent_nor_around_it(string output)
    {
        var before = UpdateWorld.FilesOf(world.At("base"));
        Refused(ExitCode.Usage, output, world.RecipeFor(world.Parent, world.New));
        Assert.Equal(before, UpdateWorld.FilesOf(world.At("base")));
    }

    [Fact]
    public void A_name_that_the_parent_knows_is_refused()
    {
        var recipe = world.RecipeFor(world.Parent, world.New);
        var error = Refused(ExitCode.Usage, "same-name", recipe with { Data = recipe.Data with { Sources = [recipe.Data.Sources[0] with { Name = "old" }] } });
        Assert.Contains("'old' is the name of a text that the parent was trained on already", error, StringComparison.Ordinal);
    }

    [Fact]
    public void Two_new_texts_of_one_name_are_refused()
    {
        var recipe = world.RecipeFor(world.Parent, world.New);
        var source = recipe.Data.Sources[0];
        Assert.Contains("two new texts are called 'new'", Refused(ExitCode.Usage, "twice", recipe with { Data = recipe.Data with { Sources = [source, source with { Paths = [world.Next] }] } }), StringComparison.Ordinal);
    }

    [Fact]
    public void Two_old_texts_of_one_name_are_refused()
    {
        var recipe = world.RecipeFor(world.Parent, world.New);
        var other = world.Write("elsewhere/old.jsonl", File.ReadAllText(world.Next));
        Assert.Contains("two old texts are called 'old'", Refused(ExitCode.Usage, "twice-old", recipe with { Replay = recipe.Replay with { Paths = [world.Old, other] } }), StringComparison.Ordinal);
    }

    [Fact]
    public void Text_that_is_too_small_to_keep_a_part_apart_is_refused()
    {
        var small = world.Write("small.jsonl", """{"text": "bada gede vizo"}""" + "\n");
        Assert.Contains("'small' is too small to keep a part of it apart", Refused(ExitCode.Usage, "small", world.RecipeFor(world.Parent, small)), StringComparison.Ordinal);
    }

    [Fact]
    public void Old_tokens_of_another_tokenizer_are_refused()
    {
        var parent = world.CopyOfParent("strange");
        var strange = UpdateWorld.ProvenanceOf(world.Pretrain("other-tokenizer", "other", world.Next, "training.steps=1", "tokenizer.vocabulary_size=280"));
        var source = UpdateWorld.ProvenanceOf(parent).Sources[0];
        File.Copy(Provenance.ResolvePath(world.At("other-tokenizer/model"), strange.Sources[0].Store!), Provenance.ResolvePath(parent, source.Store!), overwrite: true);
        Assert.Contains("another tokenizer", Refused(ExitCode.Failed, "strange-update", world.RecipeFor(parent, world.New)), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("gate.max_negative_flips=0.1", "--pairs FILE")]
    [InlineData("gate.max_facts_lost=0.1", "--facts FILE")]
    [InlineData("evaluation.pairs=nowhere.jsonl", "nowhere.jsonl")]
    [InlineData("evaluation.facts=nowhere.jsonl", "nowhere.jsonl")]
    [InlineData("training.sequence_length=64", "takes at most 32 tokens")]
    [InlineData("training.tokens=1000", "remove one")]
    [InlineData("data.validation.split=none", "without text kept apart")]
    [InlineData("training.accumulation=3", "must divide")]
    public void What_does_not_go_together_is_refused(string key, string expected)
    {
        var recipe = world.RecipeFor(world.Parent, world.New, key);
        var error = Assert.Throws<CoppiceException>(() => world.Run("refused-" + key.Split('=')[0], recipe));
        Assert.Contains(expected, error.Message, StringComparison.Ordinal);
        Assert.DoesNotContain('\n', error.Message);
        Assert.False(Directory.Exists(world.At($"refused-{key.Split('=')[0]}/checkpoints")));
    }

    [Fact]
    public void What_is_no_model_is_refused_before_anything_is_written()
    {
        Assert.Contains("is not a model directory", Refused(ExitCode.Failed, "no-model", new UpdateRecipe { Parent = world.At("text"), Data = new DataSection { Sources = [new SourceSection { Paths = [world.New] }] } }), StringComparison.Ordinal);
        Assert.False(Directory.Exists(world.At("no-model")));
        Refused(ExitCode.Usage, "no-parent", new UpdateRecipe());
        Refused(ExitCode.Usage, "no-text", new UpdateRecipe { Parent = world.Parent });
    }

    private string Refused(ExitCode code, string run, UpdateRecipe recipe)
    {
        var error = Assert.Throws<CoppiceException>(() => world.Run(run, recipe));
        Assert.Equal(code, error.ExitCode);
        Assert.DoesNotContain('\n', error.Message);
        return error.Message;
    }
}
