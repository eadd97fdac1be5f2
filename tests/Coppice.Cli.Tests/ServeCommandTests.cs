using System.Text.RegularExpressions;
using Coppice.Models;
using Coppice.Tensors;
using Coppice.Testing;
using Coppice.Tokenizers;
using Coppice.Tokenizers.Training;

namespace Coppice.Cli.Tests;

public partial class ServeCommandTests
{
    [Fact]
    public void It_serves_until_it_is_interrupted()
    {
        using var folder = new TemporaryFolder();
        Save(folder.At("runs/mine/model"));
        var run = CommandRun.Interrupted("serving on", "serve", folder.At("runs/mine"), "--port", "0", "--max-batch", "3", "--threads", "1");
        Assert.Equal(0, run.ExitCode);
        Assert.Empty(run.Output);
        Assert.Contains("mine: ", run.Error, StringComparison.Ordinal);
        Assert.Contains("3 texts of up to 32 tokens at a time", run.Error, StringComparison.Ordinal);
        Assert.Matches(Address(), run.Error);
    }

    [Fact]
    public void Probabilities_and_penalties_reach_the_command_line()
    {
        using var folder = new TemporaryFolder();
        Save(folder.At("model"));
        string[] command = ["generate", folder.At("model"), "--prompt", "ab", "--max-tokens", "5", "--temperature", "0"];
        var run = CommandRun.Of([.. command, "--logit-bias", "3=100", "--log-probabilities", "2", "--json"]);
        Assert.Equal([3, 3, 3, 3, 3], run.Json.GetProperty("token_ids").EnumerateArray().Select(token => token.GetInt32()));
        Assert.All(run.Json.GetProperty("log_probabilities").EnumerateArray(), probable => Assert.Equal(2, probable.GetProperty("top").GetArrayLength()));
        foreach (var wrong in new[] { ["--logit-bias", "3"], ["--logit-bias", "999=1"], ["--log-probabilities", "2"], ["--min-p", "2"], new[] { "--presence-penalty", "3" } })
            Assert.Equal(2, CommandRun.Of([.. command, .. wrong]).ExitCode);
    }

    [Fact]
    public void What_can_not_be_served_is_one_line()
    {
        using var folder = new TemporaryFolder();
        var run = CommandRun.Of("serve", folder.Root, "--port", "0");
        Assert.Equal(1, run.ExitCode);
        Assert.Contains("is not a model directory", run.Error, StringComparison.Ordinal);
    }

    private static void Save(string directory)
    {
        var tokenizer = CharacterTrainer.Train(["abcdefgh"]);
        using var backend = Backends.Create(1);
        using var model = new Gpt2Configuration { VocabularySize = tokenizer.VocabularySize, HiddenSize = 8, Layers = 1, Heads = 2, MaxPositions = 32, IntermediateSize = 16 }.Create(backend, trainable: false);
        model.Initialize(1);
        ModelDirectory.Save(directory, model);
        tokenizer.Save(Path.Combine(directory, Tokenizer.FileName));
    }

    [GeneratedRegex(@"serving on http://127\.0\.0\.1:\d+/ until Ctrl\+C")]
    private static partial Regex Address();
}
