using Coppice.Adapters;
using Coppice.Adapters.Directories;
using Coppice.Models;
using Coppice.Models.Tests;
using Coppice.Tensors;
using Coppice.Testing;
using Coppice.Tokenizers;
using Coppice.Tokenizers.Training;

namespace Coppice.Cli.Tests;

public sealed class AdapterCommandTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void An_adapter_is_used_shown_merged_and_taken_out_again()
    {
        var (model, adapter) = (SaveModel("model"), SaveAdapter("a", "model", 1));
        string[] generate = ["generate", model, "--prompt", "abc", "--max-tokens", "12", "--temperature", "0"];
        var (plain, adapted) = (Run(generate).Output, Run([.. generate, "--adapter", adapter]).Output);
        Assert.NotEqual(plain, adapted);

        var shown = Run("adapter", "show", adapter, "--json").Json;
        Assert.Equal(("lora", 2, "intact"), (shown.GetProperty("method").GetString(), shown.GetProperty("rank").GetInt32(), shown.GetProperty("base_is").GetString()));
        Assert.Contains("../model", Run("adapter", "show", adapter).Output, StringComparison.Ordinal);

        var merged = Run("adapter", "merge", model, adapter, "-o", _folder.At("merged"), "--json").Json;
        Assert.True(merged.GetProperty("error").GetDouble() <= merged.GetProperty("tolerance").GetDouble());
        Assert.Equal(adapted, Run("generate", _folder.At("merged"), "--prompt", "abc", "--max-tokens", "12", "--temperature", "0").Output);
        Assert.Contains("of the largest", Run("adapter", "merge", model, adapter, "-o", _folder.At("again")).Output, StringComparison.Ordinal);
        Assert.True(Run("adapter", "unmerge", _folder.At("merged"), "-o", _folder.At("back"), "--json").Json.GetProperty("exact").GetBoolean());
        Assert.Equal(File.ReadAllBytes(Path.Combine(model, "model.safetensors")), File.ReadAllBytes(_folder.At("back/model.safetensors")));
    }

    [Fact]
    public void Embeddings_and_perplexity_are_those_with_the_adapter()
    {
        var (model, adapter) = (SaveModel("model"), SaveAdapter("a", "model", 1));
        var text = _folder.Write("text.txt", "abc def ghi\nabcdef");
        Assert.NotEqual(Run("embed", model, text).Output, Run("embed", model, text, "--adapter", adapter).Output);
        var plain = Run("evaluate", model, "--data", text, "--json").Json.GetProperty("perplexity").GetDouble();
        var adapted = Run("evaluate", model, "--adapter", adapter, "--data", text, "--json").Json;
        Assert.NotEqual(plain, adapted.GetProperty("perplexity").GetDouble());
        // What the adapter changed, against the same model without it.
        var against = Run("evaluate", model, "--adapter", adapter, "--against", model, "--data", text, "--json").Json;
        Assert.Equal(adapted.GetProperty("perplexity").GetDouble(), against.GetProperty("perplexity").GetDouble(), 1e-6);
        Assert.NotEqual(0, against.GetProperty("against").GetProperty("total").GetProperty("change_percent").GetDouble());
    }

    [Fact]
    public void Adapters_are_combined_and_converted()
    {
        var model = SaveModel("model");
        var (first, second) = (SaveAdapter("a", "model", 1), SaveAdapter("b", "model", 2, "rslora"));
        foreach (var (mode, rank) in new[] { ("concatenate", 4), ("linear", 2), ("sum", 4), ("ties", 4), ("dare", 4) })
        {
            var output = _folder.At(mode);
            Assert.Equal(rank, Run("adapter", "combine", first, second, "-w", "0.5,1", "--mode", mode, "-o", output, "--json").Json.GetProperty("rank").GetInt32());
            Assert.Equal(0, Run("generate", model, "--adapter", output, "--prompt", "abc", "--max-tokens", "3").ExitCode);
        }

        Assert.Equal(1, Run("adapter", "combine", first, second, "--mode", "ties", "--density", "0.5", "--sign", "frequency", "--rank", "1", "-o", _folder.At("one"), "--json").Json.GetProperty("rank").GetInt32());
        Assert.Equal("rslora", Run("adapter", "convert", second, "-o", _folder.At("plain"), "--json").Json.GetProperty("from").GetString());
        Assert.Equal("lora", Run("adapter", "show", _folder.At("plain"), "--json").Json.GetProperty("method").GetString());
    }

    [Fact]
    public void An_adapter_is_refreshed_on_a_newer_base_and_compared()
    {
        var (model, adapter) = (SaveModel("model"), SaveAdapter("a", "model", 1));
        var newer = SaveModel("newer", seed: 2, parent: model);
        var data = _folder.Write("data.jsonl", string.Concat(Enumerable.Range(0, 20).Select(i => $"{{\"prompt\":\"{"abcdef"[i % 6]}{"ghi"[i % 3]}\",\"response\":\"{(i % 2 == 0 ? 'a' : 'b')}\"}}\n")));
        var refused = CommandRun.Of("generate", newer, "--adapter", adapter, "--prompt", "a");
        Assert.Equal(1, refused.ExitCode);
        Assert.Contains("coppice adapter refresh", refused.Error, StringComparison.Ordinal);
        Assert.Single(refused.Error.TrimEnd().Split('\n'));

        var run = Run("adapter", "refresh", adapter, "--base", newer, "--data", data, "--epochs", "1", "--compatibility-epochs", "1", "-o", _folder.At("b"), "--json").Json;
        Assert.Equal((1, 16, 4), (run.GetProperty("updates").GetInt32(), run.GetProperty("training_examples").GetInt32(), run.GetProperty("test_examples").GetInt32()));
        Assert.Equal(4, run.GetProperty("compatible").GetProperty("flips").GetProperty("items").GetInt32());
        Assert.Equal(0, Run("generate", newer, "--adapter", _folder.At("b"), "--prompt", "a", "--max-tokens", "2").ExitCode);
        var compared = Run("adapter", "compare", adapter, _folder.At("b"), "--data", data);
        Assert.Contains("right to wrong", compared.Output, StringComparison.Ordinal);
        Assert.Equal(20, Run("adapter", "compare", adapter, model, "--data", data, "--json").Json.GetProperty("flips").GetProperty("items").GetInt32());
    }

    [Theory]
    [InlineData("--density does not apply to --mode concatenate", "adapter", "combine", "x", "--density", "0.5", "-o", "o")]
    [InlineData("--seed does not apply to --mode ties", "adapter", "combine", "x", "--mode", "ties", "--seed", "1", "-o", "o")]
    [InlineData("--weights must be numbers", "adapter", "combine", "x", "-w", "1,y", "-o", "o")]
    [InlineData("did you mean 'combine'?", "adapter", "combin")]
    [InlineData("--adapter must be NAME=DIR", "serve", "x", "--adapter", "y")]
    [InlineData("--base", "adapter", "refresh", "x", "--data", "d", "-o", "o")]
    public void A_wrong_command_ends_with_2_and_one_line_that_says_why(string expected, params string[] arguments)
    {
        var run = CommandRun.Of(arguments);
        Assert.Equal(2, run.ExitCode);
        Assert.Contains(expected, run.Error, StringComparison.Ordinal);
        Assert.Single(run.Error.TrimEnd().Split('\n'));
    }

    private static CommandRun Run(params string[] arguments)
    {
        var run = CommandRun.Of(arguments);
        Assert.True(run.ExitCode == 0, run.Error);
        return run;
    }

    private string SaveModel(string name, ulong seed = 1, string? parent = null)
    {
        var tokenizer = CharacterTrainer.Train(["abcdefghijklmnopqrstuvwxyz \n"], ["<|endoftext|>"]);
        using var backend = Backends.Create(1);
        using var model = TinyModels.Create(TinyModels.Configuration("llama", tokenizer.VocabularySize, 64) with { BeginOfText = null, EndOfText = tokenizer.EndOfText }, backend, seed: seed);
        ModelDirectory.Save(_folder.At(name), model);
        tokenizer.Save(Path.Combine(_folder.At(name), Tokenizer.FileName));
        if (parent is not null)
        {
            new Provenance
            {
                Software = "test", Recipe = "", Tokenizer = tokenizer.Fingerprint, Sources = [], Metrics = new Dictionary<string, double>(),
                Parent = new ProvenanceParent(Provenance.RelativePath(_folder.At(name), parent), ModelDirectory.Fingerprint(parent)),
            }.Save(_folder.At(name));
        }

        return _folder.At(name);
    }

    private string SaveAdapter(string name, string baseModel, ulong seed, string method = "lora")
    {
        using var backend = Backends.Create(1);
        using var model = ModelDirectory.Load(_folder.At(baseModel), backend);
        using var set = new AdapterSet(model);
        var adapter = set.Add("x", new AdapterSettings { Method = method, Rank = 2, Targets = TargetPattern.Matching(TargetPattern.AllLinear) }, seed);
        foreach (var parameter in adapter.Parameters.Parameters)
        {
            var random = new Philox(seed, (ulong)parameter.Offset);
            parameter.Tensor.CopyFrom([.. Enumerable.Range(0, (int)parameter.Count).Select(i => 0.5f * random.Normal((ulong)i))]);
        }

        AdapterDirectory.Save(_folder.At(name), set, "x", $"../{baseModel}");
        AdapterBase.Record(_folder.At(name), _folder.At(baseModel));
        return _folder.At(name);
    }
}
