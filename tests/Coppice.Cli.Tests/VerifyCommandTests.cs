using Coppice.Testing;

namespace Coppice.Cli.Tests;

public class VerifyCommandTests
{
    private const string Models = "oracles/models";

    [SharedDataTheory(Models)]
    [InlineData("gpt2")]
    [InlineData("llama_packed")]
    [InlineData("qwen3")]
    public void A_model_of_the_reference_passes(string name)
    {
        var run = CommandRun.Of("verify", SharedData.At($"{Models}/{name}"), "--json");
        Assert.Equal(0, run.ExitCode);
        Assert.True(run.Json.GetProperty("passed").GetBoolean());
        Assert.InRange(run.Json.GetProperty("logits_max_abs_error").GetDouble(), 0, 2e-4);
        Assert.InRange(run.Json.GetProperty("loss_abs_error").GetDouble(), 0, 2e-5);
        Assert.InRange(run.Json.GetProperty("gradient_max_relative_error").GetDouble(), 0, 2e-4);
        Assert.NotEmpty(run.Json.GetProperty("worst_parameter").GetString()!);
    }

    [SharedDataFact(Models)]
    public void A_model_with_one_changed_weight_fails()
    {
        using var folder = new TemporaryFolder();
        foreach (var file in Directory.EnumerateFiles(SharedData.At($"{Models}/llama"))) File.Copy(file, folder.At(Path.GetFileName(file)));
        var weights = folder.At("model.safetensors");
        var bytes = File.ReadAllBytes(weights);
        // The last weight, little-endian: a higher bit of the exponent makes it another number.
        bytes[^1] ^= 0x01;
        File.SetAttributes(weights, FileAttributes.Normal);
        File.WriteAllBytes(weights, bytes);
        var run = CommandRun.Of("verify", folder.Root, "--json");
        Assert.Equal(1, run.ExitCode);
        Assert.False(run.Json.GetProperty("passed").GetBoolean());
        Assert.StartsWith("FAILED", CommandRun.Of("verify", folder.Root).Output, StringComparison.Ordinal);
    }

    [SharedDataFact(Models)]
    public void A_directory_without_reference_numbers_says_so()
    {
        using var folder = new TemporaryFolder();
        foreach (var file in new[] { "config.json", "model.safetensors" }) File.Copy(SharedData.At($"{Models}/llama/{file}"), folder.At(file));
        var run = CommandRun.Of("verify", folder.Root);
        Assert.Equal(1, run.ExitCode);
        Assert.Contains("io.safetensors", run.Error, StringComparison.Ordinal);
    }

    [SharedDataFact("oracles/adapters/dora")]
    public void An_adapter_is_compared_on_the_base_that_is_named()
    {
        var (adapter, model) = (SharedData.At("oracles/adapters/dora"), SharedData.At("oracles/models/llama"));
        var run = CommandRun.Of("verify", adapter, "--base", model, "--json");
        Assert.Equal(0, run.ExitCode);
        Assert.True(run.Json.GetProperty("passed").GetBoolean());
        Assert.InRange(run.Json.GetProperty("merged_logits_max_abs_error").GetDouble(), 0, 2e-5);
        Assert.Contains("--base", CommandRun.Of("verify", adapter).Error, StringComparison.Ordinal);
    }
}
