using Coppice.Testing;

namespace Coppice.Cli.Tests;

public class ProbeCommandTests
{
    [Fact]
    public void A_model_is_trained_on_a_world_asked_for_its_facts_and_compared_with_itself()
    {
        using var folder = new TemporaryFolder();
        var world = CommandRun.Of("probe", "world", "-o", folder.At("world"), "--people", "12", "--versions", "2", "--permute", "--seed", "5", "--moved-share", "0.5", "--json");
        Assert.Equal(0, world.ExitCode);
        Assert.True(world.Json.GetProperty("update_facts").GetInt32() > 0);
        var trained = CommandRun.Of(
            "pretrain", folder.At("world/documents.jsonl"), "-o", folder.At("run"), "--set", "training.steps=2", "--set", "training.batch_size=2",
            "--set", "training.sequence_length=256", "--set", "model.layers=1", "--set", "model.hidden_size=16", "--set", "model.heads=2", "--set", "tokenizer.vocabulary_size=300", "--json");
        Assert.True(trained.ExitCode == 0, trained.Error);
        var (model, facts) = (folder.At("run/model"), folder.At("world/facts.jsonl"));

        var alone = CommandRun.Of("probe", "facts", model, "--facts", facts, "--json");
        Assert.True(alone.ExitCode == 0, alone.Error);
        var total = alone.Json.GetProperty("total");
        Assert.Equal(world.Json.GetProperty("facts").GetInt32(), total.GetProperty("facts").GetInt32());
        Assert.Equal(1.0 / 40, total.GetProperty("chance").GetDouble(), 6);
        Assert.Equal(["memorisation", "paraphrase"], alone.Json.GetProperty("kinds").EnumerateObject().Select(kind => kind.Name));
        Assert.Equal(System.Text.Json.JsonValueKind.Null, alone.Json.GetProperty("changes").ValueKind);

        var compared = CommandRun.Of("probe", "facts", model, "--facts", folder.At("world/update-facts.jsonl"), "--against", model, "--json");
        var changes = compared.Json.GetProperty("changes");
        Assert.True(changes.GetProperty("fuar").GetProperty("none_gained").GetBoolean());
        Assert.Equal(0, changes.GetProperty("total").GetProperty("lost").GetInt32());
        Assert.Contains("none gained", CommandRun.Of("probe", "facts", model, "--facts", facts, "--against", model).Output, StringComparison.Ordinal);
    }

    [Fact]
    public void A_file_that_holds_no_facts_ends_with_the_line_that_is_wrong()
    {
        using var folder = new TemporaryFolder();
        var run = CommandRun.Of("probe", "facts", folder.At("model"), "--facts", folder.Write("facts.jsonl", "{\"subject\": \"s\"}\n"));
        Assert.Equal(1, run.ExitCode);
        Assert.Contains("facts.jsonl, line 1: has no text in 'prompt'", run.Error, StringComparison.Ordinal);
    }
}
