using System.Text;
using System.Text.Json;
using Coppice.Testing;

namespace Coppice.Cli.Tests;

public sealed class TokenizerCommandTests : IDisposable
{
    private const string Text = "The cat sat on the mat; the cat was fat.\n";
    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Theory]
    [InlineData("byte_bpe", "gpt2")]
    [InlineData("byte_bpe", "gpt4")]
    [InlineData("bpe_fallback", null)]
    [InlineData("unigram", null)]
    public void A_trained_tokenizer_takes_text_there_and_back(string type, string? pattern)
    {
        string[] options = pattern is null ? [] : ["--pattern", pattern];
        var file = Train(type, ["--vocabulary-size", "300", .. options]);
        const string unseen = "Ein é-Katze\nsat.";
        var encoded = CommandRun.Of(["tokenizer", "encode", file, "--json"], Encoding.UTF8.GetBytes(unseen)).Json;
        Assert.Equal(encoded.GetProperty("ids").GetArrayLength(), encoded.GetProperty("tokens").GetArrayLength());
        var ids = encoded.GetProperty("ids").EnumerateArray().Select(id => id.GetRawText()).ToArray();
        Assert.Equal(unseen, CommandRun.Of(["tokenizer", "decode", file, .. ids]).Output);
        Assert.Equal(unseen, CommandRun.Of(["tokenizer", "decode", file, "--json"], Encoding.ASCII.GetBytes($"[{string.Join(", ", ids)}]")).Json.GetProperty("text").GetString());
    }

    [Fact]
    public void A_wordpiece_tokenizer_gives_back_lower_cased_words()
    {
        var file = Train("wordpiece", "--vocabulary-size", "60", "--min-frequency", "2");
        var ids = CommandRun.Of("tokenizer", "encode", file, "The Mat; thé cat").Output.Split(' ', StringSplitOptions.TrimEntries);
        Assert.Equal("the mat ; the cat", CommandRun.Of(["tokenizer", "decode", file, .. ids]).Output);
    }

    [Fact]
    public void A_character_tokenizer_has_the_characters_of_the_text()
    {
        var file = Train("character");
        Assert.Equal(Text.Distinct().Count(), JsonDocument.Parse(File.ReadAllText(file)).RootElement.GetProperty("model").GetProperty("vocab").EnumerateObject().Count());
    }

    [Fact]
    public void Text_may_look_like_a_response_file_or_after_two_dashes_like_an_option()
    {
        var file = Train("character");
        Assert.Equal(2, CommandRun.Of("tokenizer", "encode", file, "--json", "--", "--at").Json.GetProperty("ids").GetArrayLength());
        Assert.Equal(0, CommandRun.Of("tokenizer", "encode", file, "@cat").ExitCode);
    }

    [Fact]
    public void Text_that_is_no_utf8_is_refused_with_the_place()
    {
        var file = Train("character");
        var run = CommandRun.Of(["tokenizer", "encode", file], [(byte)'a', 0xFF]);
        Assert.Equal((1, "stdin: byte 1 is not valid UTF-8; convert the text first\n"), (run.ExitCode, run.Error));
    }

    [Theory]
    [InlineData("-1")]
    [InlineData("99999")]
    [InlineData("cat")]
    public void What_is_no_id_of_the_vocabulary_is_refused(string id)
    {
        var run = CommandRun.Of("tokenizer", "decode", Train("character"), "1", id);
        Assert.Equal(2, run.ExitCode);
        Assert.Contains($"'{id}' is no token id", run.Error, StringComparison.Ordinal);
    }

    [SharedDataFact("oracles/tokenizers/gpt2")]
    public void The_reference_s_ids_and_tokens_are_printed()
    {
        var folder = SharedData.At("oracles/tokenizers/gpt2");
        using var expected = JsonDocument.Parse(File.ReadAllBytes(Path.Combine(folder, "encodings.json")));
        var first = expected.RootElement[0];
        var encoded = CommandRun.Of(["tokenizer", "encode", folder, "--json"], Encoding.UTF8.GetBytes(first.GetProperty("text").GetString()!)).Json;
        Assert.True(JsonElement.DeepEquals(first.GetProperty("ids"), encoded.GetProperty("ids")));
        Assert.True(JsonElement.DeepEquals(first.GetProperty("tokens"), encoded.GetProperty("tokens")));
    }

    private string Train(string type, params string[] options)
    {
        var file = _folder.At("tokenizer.json");
        var run = CommandRun.Of(["tokenizer", "train", _folder.Write("text.txt", Text), "-o", file, "--type", type, "--json", .. options]);
        Assert.True(run.ExitCode == 0, run.Error);
        Assert.Equal(file, run.Json.GetProperty("tokenizer").GetString());
        return file;
    }
}
