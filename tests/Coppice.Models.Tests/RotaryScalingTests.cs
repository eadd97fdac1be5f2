using System.Text.Json.Nodes;
using Coppice.Foundation;
using Coppice.Models.Gguf;
using Coppice.Tensors;
using Coppice.Tensors.Storage;
using Coppice.Testing;

namespace Coppice.Models.Tests;

public sealed class RotaryScalingTests : IDisposable
{
    private const int Short = 32;
    private const int Long = 64;

    private readonly TemporaryFolder _folder = new();
    private readonly Backend _backend = Backends.Create(threads: 2);

    public static TheoryData<string> References => ["rope-linear", "rope-llama3", "rope-yarn", "rope-yarn-attention", "rope-longrope"];

    public void Dispose()
    {
        _folder.Dispose();
        _backend.Dispose();
    }

    [Theory]
    [MemberData(nameof(References))]
    public void Logits_are_those_computed_elsewhere_in_double_precision(string reference)
    {
        using var model = ModelDirectory.Load(At(reference), _backend);
        CheckLogits(reference, model, 5e-5);
    }

    [Theory]
    [MemberData(nameof(References))]
    public void A_directory_and_a_GGUF_file_say_the_same(string reference)
    {
        using var model = ModelDirectory.Load(At(reference), _backend);
        ModelDirectory.Save(_folder.At("saved"), model);
        using var saved = ModelDirectory.Load(_folder.At("saved"), _backend);
        Assert.Equal(model.Configuration, saved.Configuration);
        Assert.Equal(model.Configuration.GetHashCode(), saved.Configuration.GetHashCode());
        var result = GgufExport.Write(model, tokenizer: null, "tiny", _folder.At("model.gguf"), GgufExportType.F32);
        GgufImport.Read(result.Output, _folder.At("imported"), _backend);
        using var imported = ModelDirectory.Load(_folder.At("imported"), _backend);
        // Divisors are single precision in such a file.
        CheckLogits(reference, imported, 1e-4);
        Assert.Equal(reference == "rope-longrope", result.Notes.Any(note => note.Contains("with a context of more than 32 tokens", StringComparison.Ordinal)));
    }

    [Fact]
    public void Newer_files_have_it_among_all_rotary_parameters()
    {
        var path = Change("rope-llama3", json =>
        {
            var parameters = json["rope_scaling"]!.DeepClone().AsObject();
            parameters["rope_theta"] = json["rope_theta"]!.DeepClone();
            json.Remove("rope_scaling");
            json.Remove("rope_theta");
            json["rope_parameters"] = parameters;
        });
        Assert.Equal(ConfigurationReader.Read(Path.Combine(At("rope-llama3"), "config.json")), ConfigurationReader.Read(path));
    }

    [Fact]
    public void The_first_name_of_LongRoPE_is_understood_and_an_even_length_has_its_own_positions()
    {
        var path = Change("rope-longrope", json => json["rope_scaling"]!["type"] = "su");
        var configuration = (LlamaConfiguration)ConfigurationReader.Read(path);
        var scaling = Assert.IsType<LongRopeScaling>(configuration.RotaryScaling);
        Assert.Equal((Short, 2.0, Short), (scaling.OriginalPositions, scaling.Factor, configuration.ShortPositions));
        // Phi-3 with 128k: the square root of 1 + ln(32) / ln(4096).
        Assert.Equal(1.1902380714238083, (scaling with { OriginalPositions = 4096, Factor = 32 }).Magnitude, 1e-12);
    }

    [Fact]
    public void Dynamic_positions_are_unscaled_up_to_the_model_s_own()
    {
        var path = Change("rope-linear", json => json["rope_scaling"] = new JsonObject { ["type"] = "dynamic", ["factor"] = 2.0 });
        var dynamic = (LlamaConfiguration)ConfigurationReader.Read(path);
        Assert.Equal(new DynamicScaling(2), dynamic.RotaryScaling);
        using var scaled = TinyModels.Create(dynamic, _backend);
        using var plain = TinyModels.Create(dynamic with { RotaryScaling = null }, _backend);
        var tokens = TinyModels.Tokens(Long, vocabulary: 13);
        Assert.Equal(TinyModels.Logits(plain, tokens), TinyModels.Logits(scaled, tokens));
    }

    [Fact]
    public void Short_and_long_documents_of_a_batch_have_the_positions_that_each_has_alone()
    {
        using var model = ModelDirectory.Load(At("rope-longrope"), _backend);
        int[][] documents = [TinyModels.Tokens(5, 13, seed: 1), TinyModels.Tokens(Long, 13, seed: 2), TinyModels.Tokens(Short, 13, seed: 3), TinyModels.Tokens(Short + 1, 13, seed: 4)];
        var alone = documents.SelectMany(document => TinyModels.Hidden(model, document)).ToArray();
        Assert.Equal(alone, TinyModels.Hidden(model, documents), (a, b) => Math.Abs(a - b) < 1e-5);
    }

    [Fact]
    public void Gradients_go_back_through_what_was_turned_and_multiplied()
    {
        var configuration = (LlamaConfiguration)ConfigurationReader.Read(Path.Combine(At("rope-yarn-attention"), "config.json"));
        using var model = TinyModels.Create(configuration, _backend, trainable: true);
        var weight = model.Parameters["model.layers.0.self_attn.k_proj.weight"];
        Loss(model, backward: true);
        var gradient = weight.Tensor.GradientToArray();
        var place = Array.IndexOf(gradient, gradient.MaxBy(Math.Abs));
        var value = weight.Tensor.ToArray()[place];
        const float Step = 1e-2f;
        weight.Tensor.CopyFrom(place, [value + Step]);
        var above = Loss(model, backward: false);
        weight.Tensor.CopyFrom(place, [value - Step]);
        var below = Loss(model, backward: false);
        Assert.Equal(gradient[place], (above - below) / (2 * Step), Math.Abs(gradient[place]) * 0.01);
    }

    [Theory]
    [InlineData("rope-linear", "{\"type\": \"cubic\", \"factor\": 2}", "rope_scaling: scaled rotary positions of the kind 'cubic' are not supported")]
    [InlineData("rope-linear", "{\"factor\": 2}", "rope_scaling: scaled rotary positions of the kind 'unnamed'")]
    [InlineData("rope-linear", "{\"type\": \"linear\"}", "rope_scaling: factor: is missing")]
    [InlineData("rope-linear", "{\"type\": \"linear\", \"factor\": 0.5}", "rope_scaling: factor: a number of at least 1")]
    [InlineData("rope-linear", "{\"type\": \"dynamic\", \"factor\": 2, \"alpha\": 1000}", "rope_scaling: alpha: is not an option of scaled rotary positions of the kind 'dynamic'")]
    [InlineData("rope-linear", "{\"type\": \"llama3\", \"factor\": 8, \"low_freq_factor\": 4, \"high_freq_factor\": 4, \"original_max_position_embeddings\": 32}", "high_freq_factor: a number above low_freq_factor")]
    [InlineData("rope-linear", "{\"type\": \"llama3\", \"factor\": 8, \"low_freq_factor\": 1, \"high_freq_factor\": 4}", "original_max_position_embeddings: is missing")]
    [InlineData("rope-linear", "{\"type\": \"yarn\", \"factor\": 2, \"beta_fast\": 1}", "beta_fast: a number above beta_slow")]
    [InlineData("rope-longrope", "{\"type\": \"yarn\", \"factor\": 2, \"short_factor\": [1, 1, 1]}", "short_factor: is not an option of scaled rotary positions of the kind 'yarn'")]
    [InlineData("rope-longrope", "{\"type\": \"longrope\", \"short_factor\": [1, 1, 1], \"long_factor\": [1, 1]}", "short_factor has 3 numbers and long_factor 2; 3 are expected")]
    [InlineData("rope-longrope", "{\"type\": \"longrope\", \"short_factor\": [1, 1, 1], \"long_factor\": [1, 0, 1]}", "long_factor: numbers above 0")]
    [InlineData("rope-longrope", "{\"type\": \"longrope\", \"short_factor\": 1, \"long_factor\": [1, 1, 1]}", "short_factor: a list of numbers")]
    [InlineData("rope-longrope", "{\"type\": \"longrope\", \"long_factor\": [1, 1, 1]}", "short_factor: is missing")]
    public void What_is_wrong_or_not_supported_is_named(string reference, string scaling, string message)
    {
        var path = Change(reference, json => json["rope_scaling"] = JsonNode.Parse(scaling));
        Assert.Contains(message, Assert.Throws<CoppiceException>(() => ConfigurationReader.Read(path)).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void What_llama_cpp_does_not_compute_is_refused()
    {
        var configuration = (LlamaConfiguration)ConfigurationReader.Read(Path.Combine(At("rope-llama3"), "config.json"));
        Assert.Contains("GGUF's qwen3 has no rotary positions of the kind 'llama3'", Refused(configuration with { Family = "qwen3", QueryKeyNorm = true }), StringComparison.Ordinal);
        Assert.Contains("GGUF's gemma has no YaRN with a beta_fast", Refused(configuration with { Family = "gemma", TieEmbeddings = true, RotaryScaling = new YarnScaling(2, Short) { Truncate = false } }), StringComparison.Ordinal);
    }

    [Fact]
    public void Divisors_that_no_known_scaling_gives_come_back_as_divisors()
    {
        // The middle pair is slowed down by other limits than 1 and 4 turns.
        var configuration = (LlamaConfiguration)ConfigurationReader.Read(Path.Combine(At("rope-llama3"), "config.json")) with { RotaryScaling = new Llama3Scaling(8, 0.5, 9, Short) };
        using var model = TinyModels.Create(configuration, _backend);
        var file = GgufExport.Write(model, tokenizer: null, "tiny", _folder.At("model.gguf"), GgufExportType.F32).Output;
        GgufImport.Read(file, _folder.At("imported"), _backend);
        using var imported = ModelDirectory.Load(_folder.At("imported"), _backend);
        var scaling = Assert.IsType<LongRopeScaling>(((LlamaConfiguration)imported.Configuration).RotaryScaling);
        Assert.Equal((1.0, int.MaxValue), (scaling.Magnitude, imported.Configuration.ShortPositions));
        var tokens = TinyModels.Tokens(Long, vocabulary: 13);
        Assert.Equal(TinyModels.Logits(model, tokens), TinyModels.Logits(imported, tokens), (a, b) => Math.Abs(a - b) < 1e-4);
        using var written = GgufFile.Open(file);
        using var again = GgufFile.Open(GgufExport.Write(imported, tokenizer: null, "tiny", _folder.At("again.gguf"), GgufExportType.F32).Output);
        Assert.Equal(written.ReadFloats("rope_freqs.weight"), again.ReadFloats("rope_freqs.weight"));
    }

    private static string At(string reference) => Path.Combine(AppContext.BaseDirectory, "References", reference);

    private static void CheckLogits(string reference, LanguageModel model, double largest)
    {
        using var expected = SafetensorsFile.Open(Path.Combine(At(reference), "io.safetensors"));
        foreach (var (length, count) in new[] { ("short", Short), ("long", Long) })
        {
            int[] tokens = [.. expected.ReadIntegers(length + ".input_ids").Select(token => (int)token)];
            Assert.Equal(count, tokens.Length);
            Assert.Equal(expected.ReadFloats(length + ".logits"), TinyModels.Logits(model, tokens), (a, b) => Math.Abs(a - b) < largest);
        }
    }

    private static double Loss(LanguageModel model, bool backward)
    {
        using var tape = new Tape(model.Backend) { Recording = backward };
        var tokens = TinyModels.Tokens(20, vocabulary: 13);
        var input = TinyModels.Pack(model, tape, tokens);
        var weights = tape.Constant(new Shape(20), Enumerable.Repeat(1f, 20).ToArray());
        var loss = model.CrossEntropy(tape, model.Hidden(tape, input), input.Targets(tape, TinyModels.Tokens(20, vocabulary: 13, seed: 8)), weights, new CrossEntropyOptions(1f));
        if (backward) tape.Backward(loss);
        return loss.Item;
    }

    private string Change(string reference, Action<JsonObject> change)
    {
        var json = JsonNode.Parse(File.ReadAllText(Path.Combine(At(reference), "config.json")))!.AsObject();
        change(json);
        return _folder.Write("config.json", json.ToJsonString());
    }

    private string Refused(ModelConfiguration configuration)
    {
        using var model = TinyModels.Create(configuration, _backend);
        return Assert.Throws<CoppiceException>(() => GgufExport.Write(model, tokenizer: null, "tiny", _folder.At("model.gguf"), GgufExportType.F32)).Message;
    }
}
