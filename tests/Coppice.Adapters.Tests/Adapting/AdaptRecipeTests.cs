using Coppice.Foundation;

namespace Coppice.Adapters.Tests;

public sealed class AdaptRecipeTests
{
    [Theory]
    [InlineData("full")]
    [InlineData("lora")]
    [InlineData("ia3")]
    public void A_recipe_written_down_is_read_back_the_same(string method)
    {
        var recipe = AdaptRecipe.Parse("task: { name: pairs, labels: [a, b] }\nadapter: { method: " + method + " }\ndata: { train: [x.jsonl] }");
        Assert.Equal(recipe, AdaptRecipe.Parse(recipe.ToYaml()));
        Assert.Equal(AdaptRecipe.For(method).Optimizer, recipe.Optimizer);
    }

    [Fact]
    public void Numbers_of_layers_are_written_too()
    {
        var recipe = AdaptRecipe.Parse("task: { name: sft }\nadapter: { method: layers, layers: [0, 3] }");
        Assert.Equal([0, 3], AdaptRecipe.Parse(recipe.ToYaml()).Adapter.ToSettings().Layers);
    }

    [Fact]
    public void Learning_rates_go_with_the_method_unless_they_are_given()
    {
        Assert.Equal(5e-5, AdaptRecipe.Parse("task: { name: sft }\nadapter: { method: full }").Optimizer.LearningRate);
        Assert.Equal(1e-3, AdaptRecipe.Parse("task: { name: sft }").Optimizer.LearningRate);
        Assert.Equal(0.5, AdaptRecipe.Parse("task: { name: sft }\nadapter: { method: full }", overrides: ["optimizer.learning_rate=0.5"]).Optimizer.LearningRate);
    }

    [Theory]
    [InlineData("task: { name: clasification }", "recipe:1", "did you mean 'classification'?")]
    [InlineData("task: {}", "recipe:1", "there is no task")]
    [InlineData("task: { name: sft }\nadapter: { method: lorra }", "recipe:2", "did you mean 'lora'?")]
    [InlineData("task: { name: sft, beta: 0.5 }", "recipe:1", "'task.beta' is not for sft")]
    [InlineData("task: { name: dpo, errors: 0.2 }", "recipe:1", "for the forms conservative and robust")]
    [InlineData("task: { name: sft }\nadapter: { method: full, rank: 4 }", "recipe:2", "'adapter.rank' is for adapters")]
    [InlineData("task: { name: sft }\nadapter: { method: full }\nmodel: { quantize: int4 }", "recipe:3", "'model.quantize' is for adapters")]
    [InlineData("task: { name: sft }\ntraining: { metric: accuracy }", "recipe:2", "'training.metric' must be one of loss, perplexity")]
    [InlineData("task: { name: sft }\ntraining: { epoch: 3 }", "recipe:2", "did you mean 'epochs'?")]
    [InlineData("task: { name: sft }\ntraining: { epochs: 4, steps: 10 }", "recipe:2", "remove one")]
    public void What_goes_together_wrongly_is_refused_with_its_line(string text, string where, string message)
    {
        var error = Assert.Throws<CoppiceException>(() => AdaptRecipe.Parse(text));
        Assert.Equal(ExitCode.Usage, error.ExitCode);
        Assert.StartsWith(where, error.Message, StringComparison.Ordinal);
        Assert.Contains(message, error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Every_setting_of_an_adapter_can_be_set_in_a_recipe()
    {
        // What PEFT's files know and recipes leave out.
        string[] others = [nameof(AdapterSettings.LayersPattern), nameof(AdapterSettings.RankPattern), nameof(AdapterSettings.AlphaPattern), nameof(AdapterSettings.FeedForward)];
        var known = typeof(AdapterSection).GetProperties().Select(property => property.Name).ToHashSet();
        Assert.Equal([], typeof(AdapterSettings).GetProperties().Select(property => property.Name).Except(known).Except(others));
        var settings = AdaptRecipe.Parse("task: { name: sft }\nadapter: { rank: 4, targets: [all-linear], exclude: [o_proj], modules_to_save: [wte], bias: all, rank_stabilized: true }").Adapter.ToSettings();
        Assert.Equal((4, 4.0, true, BiasTraining.All, true), (settings.Rank, settings.Alpha, settings.RankStabilized, settings.Bias, settings.Targets!.IsAllLinear));
        Assert.Equal(["o_proj"], settings.Exclude!.Names);
        Assert.Equal(["wte"], settings.ModulesToSave);
    }
}
