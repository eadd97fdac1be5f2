using Coppice.Foundation;
using Coppice.Models;
using Coppice.Tensors;
using Xunit;

namespace Coppice.Continual.Tests.Updates;

[Collection(UpdateCollection.Name)]
public sealed class EncoderUpdateTests(UpdateWorld world)
{
    [Theory]
    [InlineData("bert", "mlm", true)]
    [InlineData("electra", "electra", false)]
    [InlineData("electra", "rts", false)]
    [InlineData("t5", "span_corruption", true)]
    public void An_encoder_learns_new_text_by_its_own_objective_and_is_judged_by_it(string architecture, string objective, bool distilled)
    {
        var parent = Pretrain(architecture, objective);
        var recipe = world.RecipeFor(parent, world.New);
        Assert.Equal(objective, recipe.Objective.Name);
        var result = world.Run($"{architecture}-{objective}-update", recipe);
        Assert.Equal(["old", "new"], result.Sources.Select(source => source.Name));
        Assert.True(result.Sources[1].ChangePercent < -2, $"the new language changed by {result.Sources[1].ChangePercent} %");
        Assert.Equal(distilled, result.KlWeight > 0);
        Assert.NotNull(result.Verdict);
        using var backend = Backends.Create(threads: 1);
        using var model = ModelDirectory.Load(result.Accepted ? result.Model : result.Candidate!, backend);
        Assert.Equal(architecture, model.Configuration.ModelType);
    }

    [Fact]
    public void Stopped_and_gone_on_with_it_gives_the_same_bytes()
    {
        var parent = Pretrain("bert", "mlm");
        var recipe = world.RecipeFor(parent, world.New, "training.steps=12");
        var whole = world.Run("bert-whole", recipe);
        using var stop = new StopAfter(5);
        Assert.True(world.Run("bert-parts", recipe, stop: stop).Interrupted);
        var rest = world.Run("bert-parts", recipe, resume: true);
        Assert.Equal(whole.Sources, rest.Sources);
        Assert.Equal(UpdateWorld.WeightsOf(whole.Candidate ?? whole.Model), UpdateWorld.WeightsOf(rest.Candidate ?? rest.Model));
    }

    [Theory]
    [InlineData("replay.from=generated", "continue a text")]
    [InlineData("vocabulary.grow=10", "be given new tokens")]
    [InlineData("protection.ewc_nats=0.1", "be protected by 'protection.ewc_nats'")]
    public void What_an_encoder_can_not_do_is_refused_before_anything_is_trained(string option, string message)
    {
        var recipe = world.RecipeFor(Pretrain("bert", "mlm"), world.New, option);
        var error = Assert.Throws<CoppiceException>(() => world.Run("refused-" + message.Length, recipe));
        Assert.Contains(message, error.Message, StringComparison.Ordinal);
    }

    private string Pretrain(string architecture, string objective)
    {
        var run = $"{architecture}-{objective}";
        var there = world.At(run + "/model");
        return File.Exists(Path.Combine(there, "config.json"))
            ? there
            : world.Pretrain(run, "old", world.Old, $"model.architecture={architecture}", $"objective.name={objective}", "objective.rate=0.2", $"tokenizer.vocabulary_size={(architecture == "t5" ? 420 : 300)}");
    }
}
