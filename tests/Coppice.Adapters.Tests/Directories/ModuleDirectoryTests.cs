using System.Text.Json;
using Coppice.Adapters.Directories;
using Coppice.Foundation;
using Coppice.Tensors.Storage;
using Coppice.Testing;

namespace Coppice.Adapters.Tests.Directories;

/// <summary>Prompts as PEFT has them, and modules that it does not have.</summary>
public sealed class ModuleDirectoryTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Theory]
    [InlineData("prompt", "PROMPT_TUNING", 3, 12, 12, 4)]
    [InlineData("p-tuning", "P_TUNING", 3, 12, 12, 4)]
    [InlineData("prefix", "PREFIX_TUNING", 3, 48, 12, 2)]
    public void Prompts_have_the_keys_and_the_one_tensor_of_peft(string method, string type, int rows, int columns, int width, int heads)
    {
        using var adapted = new AdaptedModel(method, "llama");
        adapted.Train(1);
        AdapterDirectory.Save(_folder.At("a"), adapted.Set, AdaptedModel.Name, "base");
        using (var file = SafetensorsFile.Open(_folder.At("a/adapter_model.safetensors")))
        {
            var tensor = Assert.Single(file.Tensors);
            Assert.Equal("prompt_embeddings", tensor.Name);
            Assert.Equal([rows, columns], tensor.Shape);
        }

        using var json = JsonDocument.Parse(File.ReadAllText(_folder.At("a/adapter_config.json")));
        var root = json.RootElement;
        Assert.Equal(type, root.GetProperty("peft_type").GetString());
        Assert.Equal("CAUSAL_LM", root.GetProperty("task_type").GetString());
        Assert.Equal((3, width, 1, heads, 2), (Whole("num_virtual_tokens"), Whole("token_dim"), Whole("num_transformer_submodules"), Whole("num_attention_heads"), Whole("num_layers")));
        // Keys of other kinds of adapters are errors to older versions of PEFT.
        Assert.All(new[] { "bias", "target_modules", "fan_in_fan_out", "modules_to_save", "r" }, key => Assert.False(root.TryGetProperty(key, out _), key));

        int Whole(string key) => root.GetProperty(key).GetInt32();
    }

    [Theory]
    [InlineData("prompt", "\"prompt_tuning_init\": \"TEXT\", \"prompt_tuning_init_text\": \"Say:\", \"tokenizer_name_or_path\": \"gpt2\", \"tokenizer_kwargs\": null")]
    [InlineData("p-tuning", "\"encoder_reparameterization_type\": \"LSTM\", \"encoder_hidden_size\": 128, \"encoder_num_layers\": 2, \"encoder_dropout\": 0.0")]
    [InlineData("prefix", "\"encoder_hidden_size\": 768, \"prefix_projection\": true")]
    public void What_peft_says_of_training_is_read_over(string method, string entries)
    {
        using var adapted = new AdaptedModel(method, "gpt2");
        adapted.Train(1);
        AdapterDirectory.Save(_folder.At("a"), adapted.Set, AdaptedModel.Name, "base");
        Append(entries + ", \"auto_mapping\": null, \"revision\": null");
        Assert.Empty(AdapterDirectory.ReadConfiguration(_folder.At("a")).Warnings);
        var expected = adapted.AdaptedOutput();
        AdapterDirectory.Load(_folder.At("a"), adapted.Set, "loaded");
        adapted.Set.Activate("loaded");
        Assert.Equal(expected, adapted.Output());
    }

    [Theory]
    [InlineData("prompt", "\"num_transformer_submodules\": 2", "num_transformer_submodules")]
    [InlineData("prompt", "\"num_virtual_tokens\": 4", "shape")]
    [InlineData("prompt", "\"num_virtual_tokens\": 2000000000", "positions")]
    [InlineData("prompt", "\"peft_type\": \"PREFIX_TUNING\"", "shape")]
    [InlineData("prompt", "\"peft_type\": \"MULTITASK_PROMPT_TUNING\"", "MULTITASK_PROMPT_TUNING")]
    [InlineData("sparc", "\"dimensions\": 0", "dimensions")]
    [InlineData("houlsby", "\"activation\": \"sine\"", "sine")]
    [InlineData("houlsby", "\"scale\": \"much\"", "scale")]
    [InlineData("houlsby", "\"r\": 2000000000", "shape")]
    [InlineData("parallel", "\"target_modules\": [\"attn.c_proj\"]", "lacks")]
    [InlineData("mixda-domain", "\"peft_type\": \"COPPICE_MIXDA\"", "mixda")]
    public void A_configuration_that_means_something_else_is_refused_by_name(string method, string entry, string named)
    {
        using var adapted = new AdaptedModel(method, "gpt2");
        AdapterDirectory.Save(_folder.At("a"), adapted.Set, AdaptedModel.Name, "base");
        Append(entry);
        Assert.Contains(named, Assert.Throws<CoppiceException>(() => AdapterDirectory.Load(_folder.At("a"), adapted.Set, "b")).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Activation_and_scale_come_back()
    {
        using var adapted = new AdaptedModel("scaled-parallel", "llama", new AdapterSettings { Method = "scaled-parallel", Rank = 3, RankPattern = [new("layers.1.mlp.down_proj", 2)], Bottleneck = new() { Activation = Tensors.PointwiseFunction.Silu, Scale = 2.5 } });
        adapted.Train();
        AdapterDirectory.Save(_folder.At("a"), adapted.Set, AdaptedModel.Name);
        var expected = adapted.AdaptedOutput();
        var loaded = AdapterDirectory.Load(_folder.At("a"), adapted.Set, "loaded");
        Assert.Equal(adapted.Adapter.Settings.Bottleneck, loaded.Settings.Bottleneck);
        adapted.Set.Activate("loaded");
        Assert.Equal(expected, adapted.Output());
    }

    private void Append(string entries)
    {
        // The last of two equal keys counts.
        var text = File.ReadAllText(_folder.At("a/adapter_config.json")).TrimEnd();
        File.WriteAllText(_folder.At("a/adapter_config.json"), text[..^1] + $", {entries} }}");
    }
}
