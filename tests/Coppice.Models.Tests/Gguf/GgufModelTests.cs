using Coppice.Foundation;
using Coppice.Models.Gguf;
using Coppice.Tensors;
using Coppice.Testing;

namespace Coppice.Models.Tests.Gguf;

public sealed class GgufModelTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();
    private readonly Backend _backend = Backends.Create(threads: 2);

    public void Dispose()
    {
        _folder.Dispose();
        _backend.Dispose();
    }

    [Theory]
    [MemberData(nameof(TinyModels.Gguf), MemberType = typeof(TinyModels))]
    public void A_model_is_the_same_to_the_bit_after_export_and_import(string name)
    {
        using var model = TinyModels.Create(name == "qwen2" ? Narrow() : TinyModels.Configuration(name), _backend);
        var result = Export(model, GgufExportType.F32);
        Assert.Equal(model.Parameters.Count, result.Parameters);
        Assert.Equal(("F32", 0.0), (Assert.Single(result.Types).Type, result.Types[0].RelativeError));
        var imported = GgufImport.Read(result.Output, _folder.At("imported"), _backend);
        Assert.False(imported.HasTokenizer);
        using var loaded = ModelDirectory.Load(_folder.At("imported"), _backend);
        // One is added to Gemma's norms and taken away again.
        var rounding = name == "gemma" ? 2e-7f : 0;
        Assert.Equal(Values(model), Values(loaded), (a, b) => Math.Abs(a - b) <= rounding);
        Assert.Equal(Known(model.Configuration), loaded.Configuration);
        // The same file again: nothing depends on the day or the path.
        var bytes = File.ReadAllBytes(result.Output);
        Export(loaded, GgufExportType.F32);
        if (name != "mistral") Assert.Equal(bytes, File.ReadAllBytes(result.Output));
    }

    [Fact]
    public void A_window_becomes_the_longest_context_and_that_is_said()
    {
        using var model = TinyModels.Create("mistral", _backend);
        var result = Export(model, GgufExportType.F32);
        Assert.Contains("from 24 tokens to the window's 5", Assert.Single(result.Notes, note => note.Contains("window", StringComparison.Ordinal)), StringComparison.Ordinal);
        using var file = GgufFile.Open(result.Output);
        using var loaded = GgufImport.ReadModel(file, _backend);
        Assert.Equal(5, loaded.Configuration.MaxPositions);
        var tokens = TinyModels.Tokens(5);
        Assert.Equal(TinyModels.Logits(model, tokens), TinyModels.Logits(loaded, tokens));
    }

    [Theory]
    [InlineData(GgufExportType.F16, "F32 F16", 3e-4)]
    [InlineData(GgufExportType.Q80, "F32 Q8_0", 6.5e-3)]
    [InlineData(GgufExportType.Q40, "F32 Q4_0 Q8_0", 0.09)]
    [InlineData(GgufExportType.Q41, "F32 Q4_1 Q8_0", 0.08)]
    [InlineData(GgufExportType.Q4K, "F32 Q8_0 Q4_K", 0.08)]
    public void Matrices_are_stored_as_asked_and_the_rest_exactly(GgufExportType type, string types, double largestError)
    {
        using var model = Wide(256);
        var result = Export(model, type);
        Assert.Equal(types, string.Join(' ', result.Types.Select(summary => summary.Type)));
        Assert.Empty(result.Fallbacks);
        Assert.All(result.Types, summary => Assert.InRange(summary.RelativeError, 0, summary.Type == "F32" ? 0 : largestError));
        using var file = GgufFile.Open(result.Output);
        Assert.Equal("F32", file.Find("blk.1.ffn_norm.weight").Format.Name);
        Assert.Equal(type is GgufExportType.F16 ? "F16" : "Q8_0", file.Find("token_embd.weight").Format.Name);
        using var loaded = GgufImport.ReadModel(file, _backend);
        var (exact, stored) = (Values(model), Values(loaded));
        Assert.InRange(Math.Sqrt(exact.Zip(stored).Sum(pair => Math.Pow(pair.First - pair.Second, 2)) / exact.Sum(value => Math.Pow(value, 2))), 1e-9, largestError);
    }

    [Fact]
    public void Rows_that_do_not_divide_into_blocks_fall_back_and_are_listed()
    {
        using var model = Wide(96);
        var result = Export(model, GgufExportType.Q4K);
        // Width 96 divides into blocks of 32; the MLP's 40 into none.
        Assert.Contains(new GgufFallback("blk.*.attn_q.weight", 2, 96, "Q5_0"), result.Fallbacks);
        Assert.Contains(new GgufFallback("blk.*.ffn_down.weight", 2, 40, "F16"), result.Fallbacks);
        Assert.DoesNotContain(result.Fallbacks, fallback => fallback.Tensor == "token_embd.weight");
    }

    [Fact]
    public void What_llama_cpp_does_not_compute_is_refused()
    {
        Assert.Contains("no activation but gelu_new", Refused(TinyModels.Configuration("gpt2") switch { Gpt2Configuration gpt2 => gpt2 with { Activation = PointwiseFunction.Relu }, var other => other }), StringComparison.Ordinal);
        Assert.Contains("no biases in the MLP", Refused(((LlamaConfiguration)TinyModels.Configuration("qwen3")) with { MlpBias = true }), StringComparison.Ordinal);
        Assert.Contains("no bias on the attention's output", Refused(((LlamaConfiguration)TinyModels.Configuration("qwen2")) with { OutputBias = true }), StringComparison.Ordinal);
        Assert.Contains("heads that are together as wide", Refused(TinyModels.Configuration("qwen2")), StringComparison.Ordinal);
        Assert.Contains("heads that are together as wide", Refused(TinyModels.Configuration("phi3") with { HeadSize = 4 }), StringComparison.Ordinal);
        Assert.Contains("gemma has no head of its own", Refused(TinyModels.Configuration("gemma") with { TieEmbeddings = false }), StringComparison.Ordinal);
        Assert.Contains("has a head of its own", Refused(TinyModels.Configuration("gpt_neox") with { TieEmbeddings = true }), StringComparison.Ordinal);
        Assert.Contains("has biases on the attention's projections", Refused((GptNeoXConfiguration)TinyModels.Configuration("gpt_neox") with { AttentionBias = false }), StringComparison.Ordinal);
        Assert.Contains("no activation but gelu", Refused((GptNeoXConfiguration)TinyModels.Configuration("gpt_neox") with { Activation = PointwiseFunction.Relu }), StringComparison.Ordinal);
        Assert.Contains("llama.cpp has no opt", Refused(TinyModels.Configuration("opt")), StringComparison.Ordinal);
    }

    [Fact]
    public void Rows_of_gpt_neox_are_ordered_by_part_in_a_file()
    {
        using var model = TinyModels.Create("gpt_neox", _backend);
        // Three heads of four: which part of which head a row is.
        model.Parameters["gpt_neox.layers.1.attention.query_key_value.bias"].Tensor.CopyFrom([.. Enumerable.Range(0, 36).Select(row => 10f * (row / 4 % 3) + row / 12)]);
        using var file = GgufFile.Open(Export(model, GgufExportType.F32).Output);
        Assert.Equal(
            [0, 0, 0, 0, 1, 1, 1, 1, 2, 2, 2, 2, 10, 10, 10, 10, 11, 11, 11, 11, 12, 12, 12, 12, 20, 20, 20, 20, 21, 21, 21, 21, 22, 22, 22, 22],
            file.ReadFloats("blk.1.attn_qkv.bias"));
    }

    [Fact]
    public void Norms_of_gemma_are_whole_weights_in_a_file()
    {
        using var model = TinyModels.Create("gemma", _backend);
        model.Parameters["model.norm.weight"].Tensor.CopyFrom(Enumerable.Repeat(0.25f, 12).ToArray());
        using var file = GgufFile.Open(Export(model, GgufExportType.F32).Output);
        Assert.All(file.ReadFloats("output_norm.weight"), value => Assert.Equal(1.25f, value));
    }

    [Fact]
    public void Biases_of_llama_survive()
    {
        using var model = TinyModels.Create(((LlamaConfiguration)TinyModels.Configuration("llama")) with { QkvBias = true, OutputBias = true, MlpBias = true }, _backend);
        using var file = GgufFile.Open(Export(model, GgufExportType.F32).Output);
        using var loaded = GgufImport.ReadModel(file, _backend);
        Assert.Equal(Values(model), Values(loaded));
    }

    [Theory]
    [InlineData(float.NaN, GgufExportType.F32, "the model is broken")]
    [InlineData(1e5f, GgufExportType.Q80, "Q8_0 can't hold")]
    public void Values_that_can_not_be_stored_are_refused_and_no_file_is_left(float value, GgufExportType type, string expected)
    {
        using var model = Wide(64);
        model.Parameters["model.layers.1.mlp.up_proj.weight"].Tensor.CopyFrom(7, [value]);
        var error = Assert.Throws<CoppiceException>(() => Export(model, type));
        Assert.Contains(expected, error.Message, StringComparison.Ordinal);
        Assert.Contains("blk.1.ffn_up.weight", error.Message, StringComparison.Ordinal);
        Assert.Empty(Directory.GetFiles(_folder.Root));
    }

    [Fact]
    public void A_directory_that_is_not_empty_is_left_alone()
    {
        using var model = TinyModels.Create("llama", _backend);
        var file = Export(model, GgufExportType.F32).Output;
        Assert.Contains("is not empty", Assert.Throws<CoppiceException>(() => GgufImport.Read(file, _folder.Root, _backend)).Message, StringComparison.Ordinal);
        Assert.Contains("is a file", Assert.Throws<CoppiceException>(() => GgufImport.Read(file, file, _backend)).Message, StringComparison.Ordinal);
    }

    // What a GGUF file doesn't say is what a new configuration has.
    private static ModelConfiguration Known(ModelConfiguration configuration) => configuration switch
    {
        LlamaConfiguration { Family: "mistral" } mistral => mistral with { Family = "llama", MaxPositions = mistral.SlidingWindow, SlidingWindow = 0, BeginOfText = null, EndOfText = null },
        _ => configuration with { BeginOfText = null, EndOfText = null },
    };

    // llama.cpp's Qwen2 has heads that are together as wide as the model.
    private static LlamaConfiguration Narrow() => (LlamaConfiguration)TinyModels.Configuration("qwen2") with { Heads = 2, KeyValueHeads = 1 };

    private LanguageModel Wide(int width) => TinyModels.Create(
        new LlamaConfiguration
        {
            Family = "llama", VocabularySize = 50, HiddenSize = width, Layers = 2, Heads = 4, KeyValueHeads = 2, HeadSize = width / 4, MaxPositions = 24,
            IntermediateSize = width == 256 ? 512 : 40, TieEmbeddings = true,
        },
        _backend);

    private GgufExportResult Export(LanguageModel model, GgufExportType type) => GgufExport.Write(model, tokenizer: null, "tiny", _folder.At("model.gguf"), type);

    private string Refused(ModelConfiguration configuration)
    {
        using var model = TinyModels.Create(configuration, _backend);
        return Assert.Throws<CoppiceException>(() => Export(model, GgufExportType.F32)).Message;
    }

    private static List<float> Values(LanguageModel model) => [.. model.Parameters.Parameters.SelectMany(p => p.Tensor.ToArray())];
}
