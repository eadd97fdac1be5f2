using Coppice.Testing;

namespace Coppice.Cli.Tests;

public sealed class MergeCommandTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void Models_are_merged_to_one_that_generates()
    {
        var (parent, child) = (Train("parent", 1), Train("child", 2));
        var run = CommandRun.Of("merge", parent, child, "-o", _folder.At("merged"), "--json");
        Assert.True(run.ExitCode == 0, run.Error);
        var merge = run.Json.GetProperty("merge");
        Assert.Equal("linear", merge.GetProperty("method").GetString());
        Assert.Equal(0.5, merge.GetProperty("models")[0].GetProperty("weight").GetDouble());
        Assert.Equal(64, run.Json.GetProperty("fingerprint").GetString()!.Length);
        Assert.Contains("\"method\": \"linear\"", File.ReadAllText(_folder.At("merged/coppice.json")), StringComparison.Ordinal);
        Assert.Equal(0, CommandRun.Of("generate", _folder.At("merged"), "--prompt", "The ", "--max-tokens", "4").ExitCode);

        var whole = CommandRun.Of("merge", "--method", "ties", parent, child, "--density", "1", "-w", "2.5", "-o", _folder.At("whole"));
        Assert.True(whole.ExitCode == 0, whole.Error);
        Assert.Contains("2.5", whole.Output, StringComparison.Ordinal);
        Assert.Equal(File.ReadAllBytes(Path.Combine(child, "model.safetensors")), File.ReadAllBytes(_folder.At("whole/model.safetensors")));

        var again = CommandRun.Of("merge", parent, child, "-o", _folder.At("whole"));
        Assert.Equal(2, again.ExitCode);
        Assert.Contains("is not empty", again.Error, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("--density does not apply to --method linear", "--density", "0.5")]
    [InlineData("--seed does not apply to --method ties", "--method", "ties", "--seed", "1")]
    [InlineData("--scale does not apply to --method slerp", "--method", "slerp", "--scale", "1")]
    [InlineData("did you mean 'slerp'?", "--method", "slrp")]
    [InlineData("--density must be a number above 0 and at most 1, not '0'", "--method", "ties", "--density", "0")]
    [InlineData("--weights must be numbers separated by commas, not '1,x'", "-w", "1,x")]
    [InlineData("2 weights for 1 models", "-w", "0.1,0.2")]
    [InlineData("must lie between 0 and 1; -0.5 doesn't", "-w", "-0.5")]
    [InlineData("delta takes two models", "--method", "delta")]
    public void A_wrong_merge_ends_with_2_and_one_line_that_says_why(string expected, params string[] options)
    {
        var run = CommandRun.Of(["merge", "base", "model", "-o", _folder.At("merged"), .. options]);
        Assert.Equal(2, run.ExitCode);
        Assert.Contains(expected, run.Error, StringComparison.Ordinal);
        Assert.Single(run.Error.TrimEnd().Split('\n'));
        Assert.False(Directory.Exists(_folder.At("merged")));
    }

    private string Train(string name, int seed)
    {
        var recipe = _folder.Write("recipe.yaml", """
            model: { layers: 1, heads: 2, hidden_size: 16 }
            tokenizer: { type: character }
            data: { validation: { split: tail } }
            training: { steps: 2, batch_size: 2, sequence_length: 16 }
            evaluation: { sample_prompts: [] }
            """);
        var text = _folder.Write("text.txt", string.Concat(Enumerable.Repeat("The sheep of the flock went home at dusk.\n", 50)));
        var run = CommandRun.Of("pretrain", recipe, text, "-o", _folder.At(name), "--set", FormattableString.Invariant($"seed={seed}"));
        Assert.True(run.ExitCode == 0, run.Error);
        return _folder.At($"{name}/model");
    }
}
