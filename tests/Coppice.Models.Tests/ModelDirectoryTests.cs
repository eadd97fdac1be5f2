using System.Text.Json.Nodes;
using Coppice.Foundation;
using Coppice.Tensors;
using Coppice.Tensors.Storage;
using Coppice.Testing;

namespace Coppice.Models.Tests;

public sealed class ModelDirectoryTests : IDisposable
{
    private const string WeightsFile = "model.safetensors";

    private readonly TemporaryFolder _folder = new();
    private readonly Backend _backend = Backends.Create(threads: 2);

    public void Dispose()
    {
        _folder.Dispose();
        _backend.Dispose();
    }

    [Theory]
    [MemberData(nameof(TinyModels.Everything), MemberType = typeof(TinyModels))]
    public void A_model_is_the_same_to_the_bit_after_writing_and_reading(string name)
    {
        using var model = TinyModels.Create(name, _backend);
        ModelDirectory.Save(_folder.At("a"), model);
        using var loaded = ModelDirectory.Load(_folder.At("a"), _backend);
        Assert.Equal(Values(model), Values(loaded));
        ModelDirectory.Save(_folder.At("b"), loaded);
        foreach (var file in Directory.GetFiles(_folder.At("a")))
        {
            Assert.Equal(File.ReadAllBytes(file), File.ReadAllBytes(Path.Combine(_folder.At("b"), Path.GetFileName(file))));
        }
    }

    [Theory]
    [InlineData(TensorDataType.F16, 11)]
    [InlineData(TensorDataType.BF16, 8)]
    public void Half_precision_rounds_to_its_bits(TensorDataType type, int bits)
    {
        using var model = TinyModels.Create("llama", _backend);
        ModelDirectory.Save(_folder.Root, model, type);
        using var loaded = ModelDirectory.Load(_folder.Root, _backend);
        var (exact, rounded) = (Values(model), Values(loaded));
        Assert.NotEqual(exact, rounded);
        Assert.All(exact.Zip(rounded), pair => Assert.InRange(Math.Abs(pair.First - pair.Second), 0, Math.Abs(pair.First) * Math.Pow(2, -bits) + 1e-7));
        ModelDirectory.Save(_folder.At("again"), loaded, type);
        Assert.Equal(File.ReadAllBytes(_folder.At(WeightsFile)), File.ReadAllBytes(Path.Combine(_folder.At("again"), WeightsFile)));
    }

    [Fact]
    public void Shards_are_read_and_replaced_by_one_file()
    {
        using var model = TinyModels.Create("llama", _backend);
        ModelDirectory.Save(_folder.Root, model);
        SafetensorsDirectory.Write(_folder.Root, Tensors(model), maximumShardBytes: 3000);
        Assert.False(File.Exists(_folder.At(WeightsFile)));
        Assert.True(Directory.GetFiles(_folder.Root, "model-*.safetensors").Length > 1);
        using var loaded = ModelDirectory.Load(_folder.Root, _backend);
        Assert.Equal(Values(model), Values(loaded));
        ModelDirectory.Save(_folder.Root, loaded);
        Assert.Equal([WeightsFile], Directory.GetFiles(_folder.Root, "*.safetensors").Select(Path.GetFileName));
    }

    [Fact]
    public void Other_values_can_be_written_in_place_of_the_models_own()
    {
        using var model = TinyModels.Create("gpt2", _backend);
        using var other = TinyModels.Create("gpt2", _backend, seed: 2);
        ModelDirectory.Save(_folder.Root, model, values: other.Parameters.Values);
        using var loaded = ModelDirectory.Load(_folder.Root, _backend);
        Assert.Equal(Values(other), Values(loaded));
    }

    [Fact]
    public void Gpt2_without_biases_has_zero_biases_on_disk_and_is_the_same_function_with_them()
    {
        using var model = TinyModels.Create("gpt2-no-bias", _backend);
        ModelDirectory.Save(_folder.Root, model);
        using (var weights = SafetensorsFile.Open(_folder.At(WeightsFile)))
        {
            Assert.All(weights.ReadFloats("transformer.h.1.attn.c_attn.bias"), value => Assert.Equal(0, value));
        }

        using var loaded = ModelDirectory.Load(_folder.Root, _backend);
        Assert.False(((Gpt2Configuration)loaded.Configuration).Bias);
        Assert.Equal(Values(model), Values(loaded));

        // As a tool reads it that doesn't know models without biases.
        ChangeConfiguration(json => json.Remove("bias"));
        using var withBiases = ModelDirectory.Load(_folder.Root, _backend);
        Assert.True(((Gpt2Configuration)withBiases.Configuration).Bias);
        var tokens = TinyModels.Tokens(20);
        Assert.Equal(TinyModels.Logits(model, tokens), TinyModels.Logits(withBiases, tokens), (a, b) => Math.Abs(a - b) < 1e-6);
    }

    [Fact]
    public void Biases_that_the_configuration_denies_must_be_zero()
    {
        using var model = TinyModels.Create("gpt2", _backend);
        ModelDirectory.Save(_folder.Root, model);
        ChangeConfiguration(json => json["bias"] = false);
        Refused("is not zero");
    }

    [Fact]
    public void Names_without_the_base_model_in_front_are_found_and_known_buffers_passed_over()
    {
        using var model = TinyModels.Create("gpt2", _backend);
        ModelDirectory.Save(_folder.Root, model);
        var tensors = Tensors(model, name => name["transformer.".Length..]);
        tensors.Add(TensorToWrite.Floats("h.0.attn.bias", [1, 1, 2, 2], new float[4]));
        tensors.Add(TensorToWrite.Floats("lm_head.weight", [50, 12], new float[600]));
        SafetensorsDirectory.Write(_folder.Root, tensors);
        using var loaded = ModelDirectory.Load(_folder.Root, _backend);
        Assert.Equal(Values(model), Values(loaded));
    }

    [Fact]
    public void Buffers_of_pythia_and_names_of_older_opt_files_are_known()
    {
        using var neox = TinyModels.Create("gpt_neox", _backend);
        ModelDirectory.Save(_folder.At("neox"), neox);
        var tensors = Tensors(neox);
        tensors.Add(TensorToWrite.Floats("gpt_neox.layers.0.attention.bias", [1, 1, 2, 2], new float[4]));
        tensors.Add(TensorToWrite.Floats("gpt_neox.layers.0.attention.masked_bias", [], new float[1]));
        tensors.Add(TensorToWrite.Floats("gpt_neox.layers.0.attention.rotary_emb.inv_freq", [1], new float[1]));
        SafetensorsDirectory.Write(_folder.At("neox"), tensors);
        using var loadedNeox = ModelDirectory.Load(_folder.At("neox"), _backend);
        Assert.Equal(Values(neox), Values(loadedNeox));

        using var opt = TinyModels.Create("opt", _backend);
        ModelDirectory.Save(_folder.At("opt"), opt);
        SafetensorsDirectory.Write(_folder.At("opt"), Tensors(opt, name => name["model.".Length..]));
        using var loadedOpt = ModelDirectory.Load(_folder.At("opt"), _backend);
        Assert.Equal(Values(opt), Values(loadedOpt));
    }

    [Fact]
    public void Weights_that_do_not_fit_the_configuration_are_refused_by_name()
    {
        using var model = TinyModels.Create("llama", _backend);
        ModelDirectory.Save(_folder.Root, model);
        SafetensorsDirectory.Write(_folder.Root, [.. Tensors(model).Where(t => t.Name != "model.layers.1.mlp.up_proj.weight")]);
        Refused("lack 'model.layers.1.mlp.up_proj.weight'");

        SafetensorsDirectory.Write(_folder.Root, [.. Tensors(model), TensorToWrite.Floats("model.layers.0.extra.weight", [1], new float[1])]);
        Refused("'model.layers.0.extra.weight' is not part of a llama model");

        SafetensorsDirectory.Write(_folder.Root, [.. Tensors(model).Where(t => t.Name != "model.norm.weight"), TensorToWrite.Floats("model.norm.weight", [13], new float[13])]);
        Refused("'model.norm.weight' has the shape [13]");

        SafetensorsDirectory.Write(_folder.Root, [.. Tensors(model).Where(t => t.Name != "model.norm.weight"), TensorToWrite.Integers("model.norm.weight", [12], new long[12])]);
        Refused("'model.norm.weight' is stored as I64");

        // A layer more or less, a wider model: never a part of what is there.
        SafetensorsDirectory.Write(_folder.Root, Tensors(model));
        ChangeConfiguration(json => json["num_hidden_layers"] = 1);
        Refused("is not part of");
        ChangeConfiguration(json => json["num_hidden_layers"] = 3);
        Refused("lack 'model.layers.2.");
        ChangeConfiguration(json => (json["num_hidden_layers"], json["intermediate_size"]) = (2, 21));
        Refused("has the shape");
    }

    [Theory]
    [InlineData("vocab_size")]
    [InlineData("hidden_size")]
    [InlineData("intermediate_size")]
    public void Sizes_without_the_weights_for_them_take_no_memory(string key)
    {
        using var model = TinyModels.Create("llama", _backend);
        ModelDirectory.Save(_folder.Root, model);
        ChangeConfiguration(json => json[key] = 1 << 24);
        // All of them at once would be petabytes.
        Refused("has the shape");
        ChangeConfiguration(json => (json["vocab_size"], json["hidden_size"], json["intermediate_size"]) = (1 << 24, 1 << 24, 1 << 24));
        Refused("has the shape");
    }

    [Fact]
    public void A_longest_sequence_that_no_table_backs_takes_no_memory_before_it_is_used()
    {
        using var model = TinyModels.Create("llama", _backend);
        ModelDirectory.Save(_folder.Root, model);
        ChangeConfiguration(json => json["max_position_embeddings"] = 1 << 24);
        using var loaded = ModelDirectory.Load(_folder.Root, _backend);
        var tokens = TinyModels.Tokens(10);
        Assert.Equal(TinyModels.Logits(model, tokens), TinyModels.Logits(loaded, tokens));
    }

    [Fact]
    public void What_is_no_model_directory_is_said_so()
    {
        Assert.Contains("there is no such model directory", Load(_folder.At("missing")), StringComparison.Ordinal);
        Assert.Contains("has no config.json", Load(_folder.Root), StringComparison.Ordinal);
        using var model = TinyModels.Create("llama", _backend);
        ModelDirectory.Save(_folder.Root, model);
        var bytes = File.ReadAllBytes(_folder.At(WeightsFile));
        File.WriteAllBytes(_folder.At(WeightsFile), bytes[..^100]);
        Assert.Contains(WeightsFile, Load(_folder.Root), StringComparison.Ordinal);
        File.Delete(_folder.At(WeightsFile));
        Assert.Contains(WeightsFile, Load(_folder.Root), StringComparison.Ordinal);
    }

    [Fact]
    public void Provenance_is_the_same_after_writing_and_reading()
    {
        var provenance = new Provenance
        {
            Software = "Coppice 0.1.0", Parent = new ProvenanceParent("../parent", "0123"), Trunk = "../trunk", Training = new ProvenanceTraining(128, 16, 1e-3, "wsd"), Recipe = "seed: 1\n", Tokenizer = "abc", Steps = 10, Tokens = 1L << 40,
            Sources = [new ProvenanceSource("a", ["x/y"], "f", 1, 2, 3) { Store = "../a.tokens", HeldOut = "../b.tokens", HeldOutBitsPerByte = 1.5, HeldOutBitsPerByteBefore = 2 }], Metrics = new Dictionary<string, double> { ["loss"] = 1.5 },
        };
        Assert.Null(Provenance.Load(_folder.Root));
        provenance.Save(_folder.Root);
        Assert.Equivalent(provenance, Provenance.Load(_folder.Root), strict: true);
        _folder.Write(Provenance.FileName, "{\"steps\":");
        Assert.Throws<CoppiceException>(() => Provenance.Load(_folder.Root));
    }

    private static List<TensorToWrite> Tensors(LanguageModel model, Func<string, string>? rename = null) =>
        [.. model.Parameters.Parameters.Select(p => TensorToWrite.Floats(rename?.Invoke(p.Name) ?? p.Name, [.. Enumerable.Range(0, p.Shape.Rank).Select(i => (long)p.Shape[i])], p.Tensor.ToArray()))];

    private static List<float> Values(LanguageModel model) => [.. model.Parameters.Parameters.SelectMany(p => p.Tensor.ToArray())];

    private void ChangeConfiguration(Action<JsonObject> change)
    {
        var json = JsonNode.Parse(File.ReadAllText(_folder.At("config.json")))!.AsObject();
        change(json);
        File.WriteAllText(_folder.At("config.json"), json.ToJsonString());
    }

    private string Load(string directory) => Assert.Throws<CoppiceException>(() => ModelDirectory.Load(directory, _backend)).Message;

    private void Refused(string message)
    {
        var actual = Load(_folder.Root);
        Assert.Contains(message, actual, StringComparison.Ordinal);
        Assert.DoesNotContain('\n', actual);
    }
}
