using Coppice.Foundation;
using Coppice.Models.Gguf;
using Coppice.Tensors;
using Coppice.Testing;

namespace Coppice.Models.Tests;

public sealed class QuantizedModelTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();
    private readonly Backend _backend = Backends.Create(threads: 2);

    public void Dispose()
    {
        _folder.Dispose();
        _backend.Dispose();
    }

    [Theory]
    [MemberData(nameof(TinyModels.All), MemberType = typeof(TinyModels))]
    public void Every_architecture_runs_near_its_exact_weights(string name)
    {
        using var model = TinyModels.Create(name, _backend);
        var tokens = TinyModels.Tokens(20);
        var exact = TinyModels.Logits(model, tokens);
        foreach (var (quantization, largestError) in new[] { (Quantization.Int8, 0.06), (Quantization.Int4, 0.5) })
        {
            using var quantized = QuantizedModel.Of(model, quantization);
            Assert.InRange(RelativeError(exact, TinyModels.Logits(quantized, tokens)), 1e-5, largestError);
            Assert.Equal(model.Parameters.Count, quantized.Parameters.Count + quantized.Quantized!.Count);
        }
    }

    [Theory]
    [InlineData("gpt2-no-bias")]
    [InlineData("llama-untied")]
    public void A_model_is_quantised_as_its_directory_is_read(string name)
    {
        using var model = TinyModels.Create(name, _backend);
        ModelDirectory.Save(_folder.At("model"), model);
        var tokens = TinyModels.Tokens(9);
        foreach (var quantization in new[] { Quantization.Int8, Quantization.Int4 })
        {
            using var copied = QuantizedModel.Of(model, quantization);
            using var loaded = ModelDirectory.Load(_folder.At("model"), _backend, quantization);
            Assert.Equal(TinyModels.Logits(copied, tokens), TinyModels.Logits(loaded, tokens));
        }
    }

    [Theory]
    [InlineData("gpt2")]
    [InlineData("llama")]
    public void Blocks_of_a_gguf_file_are_taken_as_they_are(string architecture)
    {
        using var model = Wide(architecture);
        var tokens = TinyModels.Tokens(17);
        foreach (var (type, quantization) in new[] { (GgufExportType.Q80, Quantization.Int8), (GgufExportType.Q41, Quantization.Int4) })
        {
            GgufExport.Write(model, tokenizer: null, "wide", _folder.At("model.gguf"), type);
            using var file = GgufFile.Open(_folder.At("model.gguf"));
            using var native = GgufImport.ReadModel(file, _backend, quantization);
            // Encoded alike here and there.
            using var copied = QuantizedModel.Of(model, quantization);
            Assert.Equal(TinyModels.Logits(copied, tokens), TinyModels.Logits(native, tokens));
            using var decoded = GgufImport.ReadModel(file, _backend);
            Assert.InRange(RelativeError(TinyModels.Logits(decoded, tokens), TinyModels.Logits(native, tokens)), 1e-6, 0.1);
        }
    }

    [Fact]
    public void Blocks_without_a_minimum_are_the_same_values_with_one()
    {
        using var model = Wide("llama");
        GgufExport.Write(model, tokenizer: null, "wide", _folder.At("model.gguf"), GgufExportType.Q40);
        using var file = GgufFile.Open(_folder.At("model.gguf"));
        var blocks = file.ReadBytes("blk.0.attn_q.weight");
        var (plain, widened) = (new float[64 * 64], new float[64 * 64]);
        BlockFormat.Find("Q4_0").Decode(blocks, plain);
        BlockFormat.Find("Q4_1").Decode(Q4OffsetFormat.FromQ4(blocks), widened);
        Assert.Equal(plain, widened, (a, b) => Math.Abs(a - b) <= 1e-6f * Math.Abs(a));
        var tokens = TinyModels.Tokens(17);
        using var native = GgufImport.ReadModel(file, _backend, Quantization.Int4);
        using var decoded = GgufImport.ReadModel(file, _backend);
        Assert.InRange(RelativeError(TinyModels.Logits(decoded, tokens), TinyModels.Logits(native, tokens)), 1e-6, 0.1);
    }

    [Fact]
    public void Other_types_of_a_gguf_file_are_quantised_anew()
    {
        using var model = Wide("llama");
        var tokens = TinyModels.Tokens(17);
        GgufExport.Write(model, tokenizer: null, "wide", _folder.At("model.gguf"), GgufExportType.F32);
        using var file = GgufFile.Open(_folder.At("model.gguf"));
        using var loaded = GgufImport.ReadModel(file, _backend, Quantization.Int4);
        using var copied = QuantizedModel.Of(model, Quantization.Int4);
        Assert.Equal(TinyModels.Logits(copied, tokens), TinyModels.Logits(loaded, tokens));
    }

    [Fact]
    public void The_weights_take_what_their_blocks_take_and_nothing_else()
    {
        using var model = Wide("llama");
        using var bytes = QuantizedModel.Of(model, Quantization.Int8);
        using var halves = QuantizedModel.Of(model, Quantization.Int4);
        var table = 48L * 64;
        var matrices = model.Parameters.Parameters.Where(parameter => parameter.Shape.Rank == 2).Sum(parameter => parameter.Count);
        Assert.Equal(matrices * 34 / 32, bytes.Quantized!.Bytes);
        Assert.Equal(table * 34 / 32 + (matrices - table) * 20 / 32, halves.Quantized!.Bytes);
        Assert.All(bytes.Parameters.Parameters, parameter => Assert.Equal(1, parameter.Shape.Rank));
    }

    [Fact]
    public void The_number_of_rows_at_a_time_changes_no_bit_of_a_product()
    {
        using var model = Wide("llama");
        using var quantized = QuantizedModel.Of(model, Quantization.Int8);
        using var tape = new Tape(_backend) { Recording = false };
        var states = Enumerable.Range(0, 9 * 64).Select(i => MathF.Sin(i)).ToArray();
        var together = quantized.Logits(tape, tape.Constant(new Shape(9, 64), states)).ToArray();
        for (var row = 0; row < 9; row++)
            Assert.Equal(together[(row * 48)..((row + 1) * 48)], quantized.Logits(tape, tape.Constant(new Shape(1, 64), states.AsSpan(row * 64, 64))).ToArray());
    }

    [Fact]
    public void What_needs_exact_weights_is_refused()
    {
        using var model = TinyModels.Create("llama", _backend);
        using var quantized = QuantizedModel.Of(model, Quantization.Int8);
        foreach (var use in new Action[]
        {
            () => _ = quantized.Head,
            () => _ = quantized.Embedding,
            () => ModelDirectory.Save(_folder.At("model"), quantized),
            () => GgufExport.Write(quantized, tokenizer: null, "q", _folder.At("model.gguf"), GgufExportType.F32),
        })
        {
            Assert.Contains("quantised (int8), which is for running it", Assert.Throws<CoppiceException>(use).Message, StringComparison.Ordinal);
        }
    }

    [Theory]
    [InlineData(float.NaN, "the model is broken")]
    [InlineData(1e6f, "too large to be quantised")]
    public void Values_that_blocks_can_not_hold_are_refused(float value, string expected)
    {
        using var model = TinyModels.Create("llama", _backend);
        model.Parameters["model.layers.1.mlp.up_proj.weight"].Tensor.CopyFrom(3, [value]);
        var error = Assert.Throws<CoppiceException>(() => QuantizedModel.Of(model, Quantization.Int8));
        Assert.Contains(expected, error.Message, StringComparison.Ordinal);
        Assert.Contains("model.layers.1.mlp.up_proj.weight", error.Message, StringComparison.Ordinal);
    }

    private LanguageModel Wide(string architecture) => TinyModels.Create(
        architecture == "gpt2"
            ? new Gpt2Configuration { VocabularySize = 48, HiddenSize = 64, Layers = 2, Heads = 4, MaxPositions = 24, IntermediateSize = 96 }
            : new LlamaConfiguration
            {
                Family = "llama", VocabularySize = 48, HiddenSize = 64, Layers = 2, Heads = 4, KeyValueHeads = 2, HeadSize = 16, MaxPositions = 24, IntermediateSize = 96, TieEmbeddings = true,
            },
        _backend);

    private static double RelativeError(float[] exact, float[] values) =>
        Math.Sqrt(exact.Zip(values).Sum(pair => Math.Pow((double)pair.First - pair.Second, 2)) / exact.Sum(value => (double)value * value));
}
