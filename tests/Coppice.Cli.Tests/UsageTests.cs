using Coppice.Testing;

namespace Coppice.Cli.Tests;

public class UsageTests
{
    [Theory]
    [InlineData("there is no command 'tokeniser'; did you mean 'tokenizer'?", "tokeniser")]
    [InlineData("there is no command 'trian'; did you mean 'train'?", "tokenizer", "trian")]
    [InlineData("a command is missing, one of build, ", "corpus")]
    [InlineData("coppice tokenizer train: there is no option '--vocabulary-sise'; did you mean '--vocabulary-size'?", "tokenizer", "train", "text", "-o", "file", "--vocabulary-sise", "300")]
    [InlineData("--output FILE is missing", "tokenizer", "train", "text")]
    [InlineData("DIR is missing", "verify")]
    [InlineData("there is nothing to train on", "pretrain", "-o", "run")]
    [InlineData("--minutes does not apply with --resume", "quickstart", "--resume", "--minutes", "3")]
    [InlineData("there is nothing to evaluate on", "evaluate", "model")]
    [InlineData("did you mean '--json'?", "evaluate", "model", "--data", "text", "--jsno")]
    [InlineData("--temperature must be a number from 0 to 1000, not '0,8'", "generate", "model", "--temperature", "0,8")]
    [InlineData("--draft-tokens is for --speculate", "generate", "model", "--draft-tokens", "3")]
    [InlineData("only one of --json-schema, --regex and --grammar", "generate", "model", "--regex", "a", "--grammar", "file")]
    [InlineData("'more' is one argument too many", "verify", "dir", "more")]
    [InlineData("--threads must be a whole number from 0 to 4096, not '1.5'", "verify", "dir", "--threads", "1.5")]
    [InlineData("did you mean 'character'?", "tokenizer", "train", "text", "-o", "file", "--type", "charakter")]
    [InlineData("--pattern does not apply to --type character", "tokenizer", "train", "text", "-o", "file", "--type", "character", "--pattern", "gpt2")]
    public void A_wrong_command_line_ends_with_2_and_one_line_that_says_why(string expected, params string[] arguments)
    {
        var run = CommandRun.Of(arguments);
        Assert.Equal(2, run.ExitCode);
        Assert.Empty(run.Output);
        Assert.Contains(expected, run.Error, StringComparison.Ordinal);
        Assert.Single(run.Error.TrimEnd().Split('\n'));
    }

    [Fact]
    public void An_error_with_json_is_one_object_too()
    {
        var run = CommandRun.Of("verify", "dir", "--jsonn", "--json");
        Assert.Equal(2, run.ExitCode);
        Assert.Equal(2, run.Json.GetProperty("exit_code").GetInt32());
        Assert.Contains("--jsonn", run.Json.GetProperty("error").GetString(), StringComparison.Ordinal);
    }

    [Fact]
    public void Help_is_a_result()
    {
        var run = CommandRun.Of("tokenizer", "--help");
        Assert.Equal(0, run.ExitCode);
        Assert.Contains("encode", run.Output, StringComparison.Ordinal);
        Assert.Empty(run.Error);
    }

    [Fact]
    public void A_stack_trace_is_shown_only_when_asked_for()
    {
        using var folder = new TemporaryFolder();
        var missing = folder.At("missing");
        var quiet = CommandRun.Of("verify", missing);
        Assert.Equal(1, quiet.ExitCode);
        Assert.Equal($"{missing}: there is no such model directory\n", quiet.Error);
        Assert.Contains("   at Coppice.", CommandRun.Of("verify", missing, "--verbose").Error, StringComparison.Ordinal);
    }
}
