using System.Text.Json;
using Coppice.Adapters.Directories;
using Coppice.Foundation;
using Coppice.Models.Tests;
using Coppice.Tensors.Storage;
using Coppice.Testing;

namespace Coppice.Adapters.Tests.Directories;

/// <summary>Adapters come back from disk as they were, and what is not theirs is refused.</summary>
public sealed class AdapterDirectoryTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    public static TheoryData<string, string> All => AdaptedModel.All;

    public void Dispose() => _folder.Dispose();

    [Theory]
    [MemberData(nameof(All))]
    public void What_is_saved_and_loaded_on_a_fresh_base_computes_the_same_bits(string method, string architecture)
    {
        using var adapted = new AdaptedModel(method, architecture);
        adapted.Train();
        AdapterDirectory.Save(_folder.At("a"), adapted.Set, AdaptedModel.Name, "../base");
        using var fresh = TinyModels.Create(architecture, adapted.Backend);
        using var set = new AdapterSet(fresh);
        var loaded = AdapterDirectory.Load(_folder.At("a"), set, "loaded");
        set.Activate("loaded");
        var (expected, actual) = (adapted.AdaptedOutput(), AdaptedModel.Output(fresh));
        // What began as part of the weight is saved as a LoRA of twice the rank: the same function, summed in another order.
        if (method is "pissa" or "olora") Assert.True(AdaptedModel.RelativeError(expected, actual) < 1e-5);
        else Assert.Equal(expected, actual);
        Assert.Null(loaded.Parameters.Gradients);
        Assert.Equal("../base", AdapterDirectory.ReadConfiguration(_folder.At("a")).BaseModel);
        AdapterDirectory.Save(_folder.At("b"), set, "loaded", "../base");
        Assert.Equal(File.ReadAllBytes(Weights("a")), File.ReadAllBytes(Weights("b")));
        Assert.Equal(File.ReadAllText(Configuration("a")), File.ReadAllText(Configuration("b")));
    }

    [Fact]
    public void An_adapter_is_trained_further_from_where_it_was()
    {
        using var adapted = new AdaptedModel("lora", "llama");
        adapted.Train();
        AdapterDirectory.Save(_folder.At("a"), adapted.Set, AdaptedModel.Name);
        adapted.Set.Remove(AdaptedModel.Name);
        var again = AdapterDirectory.Load(_folder.At("a"), adapted.Set, "again", trainable: true);
        adapted.Set.Activate("again");
        using var trainer = new Training.Loop.Trainer(
            adapted.Model, new Training.Objectives.CausalObjective(), Training.Optimizers.OptimizerRegistry.Create(again.Parameters, new Training.Recipes.OptimizerSection()), seed: 1, parameters: again.Parameters);
        var before = again.Parameters.Parameters[0].Tensor.ToArray();
        trainer.Apply(trainer.ComputeGradients([AdaptedModel.Batch(0)], 0), 0.01);
        Assert.NotEqual(before, again.Parameters.Parameters[0].Tensor.ToArray());
        adapted.Set.Deactivate();
    }

    [Fact]
    public void Biases_and_modules_that_are_trained_besides_are_saved_under_the_names_of_peft()
    {
        using var adapted = new AdaptedModel("lora", "gpt2-untied", AdaptedModel.Settings("lora") with { Targets = TargetPattern.Of("c_fc"), Bias = BiasTraining.All, ModulesToSave = ["lm_head"] });
        adapted.Train();
        AdapterDirectory.Save(_folder.At("a"), adapted.Set, AdaptedModel.Name);
        using (var file = SafetensorsFile.Open(Weights("a")))
        {
            Assert.Contains(file.Tensors, tensor => tensor.Name == "base_model.model.transformer.h.0.mlp.c_fc.base_layer.bias");
            Assert.Contains(file.Tensors, tensor => tensor.Name == "base_model.model.transformer.h.0.mlp.c_proj.bias");
            Assert.Contains(file.Tensors, tensor => tensor.Name == "base_model.model.transformer.h.0.mlp.c_fc.lora_A.weight");
            Assert.Contains(file.Tensors, tensor => tensor.Name == "base_model.model.lm_head.weight");
        }

        using var fresh = TinyModels.Create("gpt2-untied", adapted.Backend);
        using var set = new AdapterSet(fresh);
        AdapterDirectory.Load(_folder.At("a"), set, "loaded");
        set.Activate("loaded");
        Assert.Equal(adapted.AdaptedOutput(), AdaptedModel.Output(fresh));
        set.Deactivate();
        Assert.Equal(adapted.Output(), AdaptedModel.Output(fresh));
    }

    [Fact]
    public void The_configuration_has_the_keys_of_peft()
    {
        using var adapted = new AdaptedModel("dora", "gpt2", AdaptedModel.Settings("dora") with
        {
            Targets = TargetPattern.Of("c_attn", "c_fc"), Exclude = null, RankPattern = [new("c_fc", 2)], AlphaPattern = [new("h.1.mlp.c_fc", 4)], RankStabilized = true,
        });
        AdapterDirectory.Save(_folder.At("a"), adapted.Set, AdaptedModel.Name, "base");
        using var json = JsonDocument.Parse(File.ReadAllText(Configuration("a")));
        var root = json.RootElement;
        Assert.Equal("LORA", root.GetProperty("peft_type").GetString());
        Assert.Equal("CAUSAL_LM", root.GetProperty("task_type").GetString());
        Assert.True(root.GetProperty("use_dora").GetBoolean() && root.GetProperty("use_rslora").GetBoolean() && root.GetProperty("fan_in_fan_out").GetBoolean() && root.GetProperty("init_lora_weights").GetBoolean());
        Assert.Equal(["c_attn", "c_fc"], root.GetProperty("target_modules").EnumerateArray().Select(item => item.GetString()));
        Assert.Equal(2, root.GetProperty("rank_pattern").GetProperty("c_fc").GetInt32());
        Assert.Equal(5, root.GetProperty("lora_alpha").GetInt32());
        Assert.Equal(JsonValueKind.Null, root.GetProperty("modules_to_save").ValueKind);
    }

    [Theory]
    [InlineData("\"use_something_new\": true", "use_something_new")]
    [InlineData("\"kasa_config\": {\"beta\": 1}", "kasa_config")]
    [InlineData("\"use_qalora\": true", "use_qalora")]
    [InlineData("\"layer_replication\": [[0, 1]]", "layer_replication")]
    [InlineData("\"lora_bias\": true", "lora_bias")]
    [InlineData("\"init_lora_weights\": \"pissa\"", "pissa")]
    [InlineData("\"init_lora_weights\": \"loftq\"", "loftq")]
    [InlineData("\"r\": 0", "r")]
    [InlineData("\"r\": 2000000000", "shape")]
    [InlineData("\"r\": \"4\"", "r")]
    [InlineData("\"bias\": \"some\"", "bias")]
    [InlineData("\"lora_alpha\": 1e999", "lora_alpha")]
    [InlineData("\"target_modules\": [4]", "target_modules")]
    [InlineData("\"target_modules\": \"(\"", "regular expression")]
    [InlineData("\"target_modules\": [\"nothing\"]", "target")]
    [InlineData("\"target_modules\": [\"c_attn\"]", "belongs to nothing")]
    [InlineData("\"target_modules\": [\"c_attn\", \"c_fc\", \"mlp.c_proj\"]", "lacks")]
    [InlineData("\"peft_type\": \"LOHA\"", "LOHA")]
    [InlineData("\"rank_pattern\": {\"c_fc\": 7}", "shape")]
    public void A_configuration_that_means_something_else_is_refused_by_name(string entry, string named)
    {
        using var adapted = SavedLora();
        // The last of two equal keys counts.
        var text = File.ReadAllText(Configuration("a")).TrimEnd();
        File.WriteAllText(Configuration("a"), text[..^1] + $", {entry} }}");
        var error = Assert.Throws<CoppiceException>(() => AdapterDirectory.Load(_folder.At("a"), adapted.Set, "b"));
        Assert.Contains(named, error.Message, StringComparison.Ordinal);
        Assert.DoesNotContain("b", adapted.Set.Names);
    }

    [Theory]
    [InlineData("\"eva_config\": null, \"use_bdlora\": false, \"runtime_config\": {\"ephemeral_gpu_offload\": false}, \"loftq_config\": {}", 0)]
    [InlineData("\"new_bookkeeping\": \"value\"", 1)]
    public void What_can_not_change_anything_is_read_over_and_told_where_it_is_not_known(string entry, int warnings)
    {
        using var adapted = SavedLora();
        var text = File.ReadAllText(Configuration("a")).TrimEnd();
        File.WriteAllText(Configuration("a"), text[..^1] + $", {entry} }}");
        Assert.Equal(warnings, AdapterDirectory.ReadConfiguration(_folder.At("a")).Warnings.Count);
        AdapterDirectory.Load(_folder.At("a"), adapted.Set, "b");
    }

    [Fact]
    public void Directories_that_are_none_are_refused()
    {
        using var adapted = new AdaptedModel("lora", "gpt2");
        Assert.Contains("adapter_config.json", Assert.Throws<CoppiceException>(() => AdapterDirectory.Load(_folder.Root, adapted.Set, "b")).Message, StringComparison.Ordinal);
        _folder.Write("adapter_config.json", """{ "peft_type": "LORA" }""");
        _folder.Write("adapter_model.bin", "");
        Assert.Contains("adapter_model.bin", Assert.Throws<CoppiceException>(() => AdapterDirectory.Load(_folder.Root, adapted.Set, "b")).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void An_adapter_of_another_model_is_refused()
    {
        using var adapted = SavedLora();
        using var other = TinyModels.Create("llama", adapted.Backend);
        using var set = new AdapterSet(other);
        Assert.Throws<CoppiceException>(() => AdapterDirectory.Load(_folder.At("a"), set, "b"));
    }

    [Fact]
    public void Values_that_are_no_numbers_are_refused()
    {
        using var adapted = SavedLora();
        var bytes = File.ReadAllBytes(Weights("a"));
        BitConverter.TryWriteBytes(bytes.AsSpan(bytes.Length - 4), float.NaN);
        File.WriteAllBytes(Weights("a"), bytes);
        Assert.Contains("finite", Assert.Throws<CoppiceException>(() => AdapterDirectory.Load(_folder.At("a"), adapted.Set, "b")).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Random_changes_of_both_files_are_read_or_refused_in_one_line()
    {
        using var adapted = SavedLora();
        var (weights, configuration) = (File.ReadAllBytes(Weights("a")), File.ReadAllBytes(Configuration("a")));
        var count = 0;
        FileMutations.Check<CoppiceException>([weights], "0123456789{}[]\",:"u8.ToArray(), bytes => Open(bytes, configuration), beginning: 900);
        FileMutations.Check<CoppiceException>([configuration], "0123456789{}[]\",:truefalsnu.-"u8.ToArray(), bytes => Open(weights, bytes));

        void Open(byte[] changedWeights, byte[] changedConfiguration)
        {
            File.WriteAllBytes(Weights("a"), changedWeights);
            File.WriteAllBytes(Configuration("a"), changedConfiguration);
            var name = $"changed {count++}";
            AdapterDirectory.Load(_folder.At("a"), adapted.Set, name);
            adapted.Set.Remove(name);
        }
    }

    private string Weights(string adapter) => _folder.At($"{adapter}/{AdapterDirectory.WeightsFile}");

    private string Configuration(string adapter) => _folder.At($"{adapter}/{AdapterDirectory.ConfigurationFile}");

    private AdaptedModel SavedLora()
    {
        var adapted = new AdaptedModel("lora", "gpt2", new AdapterSettings { Rank = 4, Targets = TargetPattern.Of("c_attn", "c_fc") });
        adapted.Train(1);
        AdapterDirectory.Save(_folder.At("a"), adapted.Set, AdaptedModel.Name, "base");
        return adapted;
    }
}
