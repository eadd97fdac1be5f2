using Coppice.Testing;

namespace Coppice.Cli.Tests;

public sealed class PlanCommandTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    [Trait("Category", "Slow")]
    public void The_planned_memory_is_within_a_tenth_of_what_training_holds()
    {
        var recipe = _folder.Write("recipe.yaml", """
            model: { architecture: gpt2, layers: 6, heads: 6, hidden_size: 384, activation: gelu }
            tokenizer: { vocabulary_size: 8192 }
            training: { steps: 3000, batch_size: 2, sequence_length: 128 }
            """);
        var plan = CommandRun.Of("plan", recipe, "--json").Json;
        string[] shape = ["--layers", "6", "--heads", "6", "--width", "384", "--vocab", "8192", "--batch", "2", "--sequence", "128"];
        var measured = CommandRun.Of(["bench", "train", .. shape, "--steps", "1", "--json"]).Json;

        Assert.Equal(measured.GetProperty("parameters").GetInt64(), plan.GetProperty("parameters").GetInt64());
        Assert.Equal(measured.GetProperty("flops_per_token").GetDouble(), plan.GetProperty("flops_per_token").GetDouble());
        var peak = measured.GetProperty("peak_memory_mib").GetDouble();
        Assert.InRange(plan.GetProperty("total_mib").GetDouble(), 0.9 * peak, 1.1 * peak);
        var speed = plan.GetProperty("tokens_per_second").GetDouble();
        Assert.Equal(3000 * 256 / speed / 3600, plan.GetProperty("hours").GetDouble(), 1e-9);
    }

    [Fact]
    public void The_characters_of_a_text_are_counted_and_assumed_where_there_is_no_text()
    {
        var recipe = _folder.Write("recipe.yaml", """
            model: { layers: 1, heads: 2, hidden_size: 16 }
            tokenizer: { type: character }
            data: { sources: [{ paths: [not-here.txt] }], validation: { split: tail } }
            training: { steps: 20, batch_size: 2, sequence_length: 16, recompute: true }
            """);
        var assumed = CommandRun.Of("plan", recipe);
        Assert.True(assumed.ExitCode == 0, assumed.Error);
        Assert.Contains("256 (assumed", assumed.Output, StringComparison.Ordinal);

        var counted = CommandRun.Of("plan", recipe, _folder.Write("text.txt", "abc abd\n"), "--json").Json;
        Assert.Equal(6, counted.GetProperty("vocabulary").GetInt32());
        Assert.False(counted.GetProperty("vocabulary_assumed").GetBoolean());

        var missing = CommandRun.Of("plan", recipe, _folder.At("missing.txt"));
        Assert.NotEqual(0, missing.ExitCode);
        Assert.Contains("missing.txt", missing.Error, StringComparison.Ordinal);
    }

    [Fact]
    public void A_run_that_does_not_fit_is_planned_and_not_measured()
    {
        var recipe = _folder.Write("recipe.yaml", """
            model: { architecture: llama, layers: 100, heads: 128, hidden_size: 16384 }
            training: { steps: 10, batch_size: 8, sequence_length: 256 }
            """);
        var plan = CommandRun.Of("plan", recipe);
        Assert.True(plan.ExitCode == 0, plan.Error);
        Assert.Contains("doesn't fit", plan.Output, StringComparison.Ordinal);
    }
}
