using Coppice.Continual.Recipes;
using Coppice.Continual.Tests.Updates;
using Coppice.Continual.Updates;
using Coppice.Foundation;
using Coppice.Training.Recipes;
using Xunit;

namespace Coppice.Continual.Tests.Recipes;

[Collection(UpdateCollection.Name)]
public sealed class UpdateRecipeTests(UpdateWorld world)
{
    [Fact]
    public void A_recipe_reads_again_as_it_was_written()
    {
        var recipe = world.RecipeFor(world.Parent, world.New, "replay.from=buffer", "gate.max_forgetting=0.013", "vocabulary.grow=7", "subset.score=parent", "protection.interpolate=scan");
        recipe = recipe with { Replay = recipe.Replay with { Paths = ["a.txt", "b: c"] }, Evaluation = recipe.Evaluation with { SamplePrompts = ["Once\n", "# no comment"] } };
        Assert.Equal(recipe, RecipeDocument.Parse<UpdateRecipe>(recipe.ToYaml()).Recipe);
        Assert.Equal(recipe.ToYaml(), RecipeDocument.Parse<UpdateRecipe>(recipe.ToYaml()).Recipe.ToYaml());
    }

    [Fact]
    public void What_is_not_said_is_as_the_parent_was_trained()
    {
        var recipe = UpdateRecipe.For(ParentModel.Open(world.Parent));
        Assert.Equal((8, 32, 0.005), (recipe.Training.BatchSize, recipe.Training.SequenceLength, recipe.Optimizer.LearningRate));
        Assert.Equal(world.Parent, recipe.Parent);
        Assert.Equal(world.Parent, UpdateRecipe.For(ParentModel.Open(world.At("base"))).Parent);

        var file = RecipeDocument.Parse("optimizer: { learning_rate: 0.002 }\nreplay: { share: 0.5 }", "update.yaml", ["replay.share=0.3", "epochs=3"], recipe).Recipe;
        Assert.Equal((8, 0.002, 0.3, 3.0), (file.Training.BatchSize, file.Optimizer.LearningRate, file.Replay.Share, file.Epochs));
    }

    [Theory]
    [InlineData("replay.shar=0.5", "share")]
    [InlineData("gates.max_forgetting=0.5", "gate")]
    [InlineData("replay.from=bufer", "buffer")]
    [InlineData("replay.share=1.5", "replay.share")]
    [InlineData("subset.share=0", "subset.share")]
    [InlineData("protection.interpolate=maybe", "if_refused")]
    [InlineData("start.from=begin", "trunk")]
    public void A_key_or_value_that_does_not_exist_is_refused_with_what_does(string key, string expected)
    {
        var error = Assert.Throws<CoppiceException>(() => RecipeDocument.Parse<UpdateRecipe>("", "update", [key]));
        Assert.Equal(ExitCode.Usage, error.ExitCode);
        Assert.Contains(expected, error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void An_unknown_preset_is_refused_with_the_nearest()
    {
        var error = Assert.Throws<CoppiceException>(() => UpdatePresets.Apply("stabilty", new UpdateRecipe()));
        Assert.Equal(ExitCode.Usage, error.ExitCode);
        Assert.Contains("stability", error.Message, StringComparison.Ordinal);
        Assert.Equal(new UpdateRecipe(), UpdatePresets.Apply("plain", new UpdateRecipe()));
    }
}
