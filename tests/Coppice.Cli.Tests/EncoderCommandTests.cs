using System.Text.Json;
using Coppice.Testing;

namespace Coppice.Cli.Tests;

public sealed class EncoderCommandTests : IDisposable
{
    private const string Sentences = "1\tthe\t_\tDET\t_\t_\t2\t_\t_\t_\n2\tking\t_\tNOUN\t_\t_\t3\t_\t_\t_\n3\tslept\t_\tVERB\t_\t_\t0\t_\t_\t_\n\n";

    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void An_encoder_is_trained_embeds_texts_is_evaluated_and_probed_and_does_not_write()
    {
        var model = Pretrain();
        var texts = _folder.Write("texts.txt", "the king slept\n\nand the queen\r\n");
        var embedded = CommandRun.Of("embed", model, texts, "--normalize", "--json");
        Assert.True(embedded.ExitCode == 0, embedded.Error);
        Assert.Equal(16, embedded.Json.GetProperty("dimensions").GetInt32());
        var vectors = embedded.Json.GetProperty("texts").EnumerateArray().ToList();
        Assert.Equal(["the king slept", "", "and the queen"], vectors.Select(vector => vector.GetProperty("text").GetString()));
        Assert.All(vectors, vector => Assert.Equal(1, vector.GetProperty("embedding").EnumerateArray().Sum(value => value.GetDouble() * value.GetDouble()), 1e-5));
        Assert.Equal(3, CommandRun.Of("embed", model, texts).Output.TrimEnd().Split('\n').Length);

        var evaluated = CommandRun.Of("evaluate", model, "--data", texts, "--json");
        Assert.True(evaluated.Json.GetProperty("loss").GetDouble() > 0, evaluated.Error);
        Assert.Contains("a bert model is asked for tokens that are hidden", evaluated.Error, StringComparison.Ordinal);

        var tagged = _folder.Write("tagged.conllu", string.Concat(Enumerable.Repeat(Sentences, 20)));
        var probed = CommandRun.Of("probe", "tags", model, "--train", tagged, "--test", tagged, "--against", model, "--json");
        Assert.True(probed.ExitCode == 0, probed.Error);
        Assert.Equal((60, 60), (probed.Json.GetProperty("train_words").GetInt32(), probed.Json.GetProperty("words").GetInt32()));
        Assert.Equal(1, probed.Json.GetProperty("lexicon").GetDouble());
        Assert.Equal(0, probed.Json.GetProperty("change").GetProperty("difference").GetDouble());
        Assert.Contains("VERB", CommandRun.Of("probe", "tags", model, "--train", tagged, "--test", tagged).Output, StringComparison.Ordinal);

        foreach (var command in new[] { new[] { "generate", model }, ["evaluate", model, "--pairs", _folder.Write("pairs.jsonl", "{\"good\": \"a\", \"bad\": \"b\"}\n")] })
        {
            var refused = CommandRun.Of(command);
            Assert.Equal(2, refused.ExitCode);
            Assert.Contains("a bert model is an encoder", refused.Error, StringComparison.Ordinal);
        }
    }

    [Fact]
    public void An_encoder_decoder_is_trained_fills_gaps_embeds_and_is_evaluated()
    {
        var model = Pretrain("t5", vocabulary: 420);
        var filled = CommandRun.Of("generate", model, "--prompt", "The king <extra_id_0> queen", "--max-tokens", "5", "--json");
        Assert.True(filled.ExitCode == 0, filled.Error);
        var text = filled.Json.GetProperty("text").GetString()!;
        Assert.StartsWith("The king ", text, StringComparison.Ordinal);
        Assert.EndsWith(" queen", text, StringComparison.Ordinal);
        Assert.Equal(0, CommandRun.Of("generate", model, "--prompt", "The king", "--temperature", "0", "--max-tokens", "5").ExitCode);
        var texts = _folder.Write("texts.txt", "the king slept\nand the queen\n");
        Assert.Equal(16, CommandRun.Of("embed", model, texts, "--json").Json.GetProperty("dimensions").GetInt32());
        var evaluated = CommandRun.Of("evaluate", model, "--data", texts, "--json");
        Assert.True(evaluated.Json.GetProperty("loss").GetDouble() > 0, evaluated.Error);
        Assert.Contains("a t5 model is asked for spans that were taken out", evaluated.Error, StringComparison.Ordinal);
        var exported = CommandRun.Of("export", model, "-o", _folder.At("model.gguf"));
        Assert.Equal(1, exported.ExitCode);
        Assert.Contains("llama.cpp has no t5", exported.Error, StringComparison.Ordinal);
        foreach (var option in new[] { new[] { "--chat" }, ["--speculate", "recycling"], ["--speculate", model], ["--window", "20"], ["--beams", "2"] })
        {
            var refused = CommandRun.Of(["generate", model, "--prompt", "a", .. option]);
            Assert.Equal(2, refused.ExitCode);
            Assert.Contains("a t5 model doesn't", refused.Error, StringComparison.Ordinal);
        }
    }

    [Fact]
    public void An_architecture_that_is_not_there_and_a_text_that_is_empty_are_one_line()
    {
        var wrong = CommandRun.Of("pretrain", _folder.Write("text.txt", "text"), "-o", _folder.At("run"), "--architecture", "brt", "--set", "training.steps=1");
        Assert.Equal(2, wrong.ExitCode);
        Assert.Contains("did you mean 'bert'?", wrong.Error, StringComparison.Ordinal);
        var empty = CommandRun.Of("embed", _folder.At("run"), _folder.Write("empty.txt", ""));
        Assert.Equal(1, empty.ExitCode);
        Assert.Contains("empty.txt: there is no text", empty.Error, StringComparison.Ordinal);
    }

    private string Pretrain(string architecture = "bert", int vocabulary = 300)
    {
        var text = _folder.At("text.jsonl");
        File.WriteAllLines(text, Enumerable.Range(0, 40).Select(i => JsonSerializer.Serialize(new { text = $"The king slept, and the queen of {i} houses counted the sheep again." })));
        var run = CommandRun.Of(
            "pretrain", text, "-o", _folder.At("run"), "--architecture", architecture, "--set", "training.steps=2", "--set", "training.batch_size=2", "--set", "training.sequence_length=32",
            "--set", "model.layers=1", "--set", "model.hidden_size=16", "--set", "model.heads=2", "--set", $"tokenizer.vocabulary_size={vocabulary}", "--json");
        Assert.True(run.ExitCode == 0, run.Error);
        return _folder.At("run/model");
    }
}
