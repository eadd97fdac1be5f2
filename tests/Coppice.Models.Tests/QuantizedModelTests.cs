using Coppice.Foundation;
using Coppice.Models.Gguf;
using Coppice.Models.Onnx;
using Coppice.Tensors;
using Coppice.Testing;
using Xunit.Abstractions;

namespace Coppice.Models.Tests;

public sealed class QuantizedModelTests(ITestOutputHelper output) : IDisposable
{
    private const int Block = 32;

    // A block of activations is rounded to levels of its largest over 127, and of 12 to 32 normally distributed values the largest is 2 to 2.5 times the root mean
    // square. Errors that are spread evenly over a level have a root mean square of a level over root 12.
    private const double Rounding = 2.5 / 127 / 3.46;

    private static readonly Quantization[] Quantizations = [Quantization.Int8, Quantization.Int4];

    private readonly TemporaryFolder _folder = new();
    private readonly Backend _backend = Backends.Create(threads: 2);

    public void Dispose()
    {
        _folder.Dispose();
        _backend.Dispose();
    }

    [Theory]
    [InlineData("gpt2")]
    [InlineData("llama")]
    public void Weights_are_as_near_as_the_levels_of_their_blocks(string architecture)
    {
        using var model = Wide(architecture);
        foreach (var quantization in Quantizations)
        {
            using var quantized = QuantizedModel.Of(model, quantization);
            double errors = 0, steps = 0;
            foreach (var plan in model.Configuration.Plan().Where(plan => quantized.Quantized!.Contains(plan.Name) && !IsTable(model, plan.Name)))
            {
                var (exact, held) = (Rows(model, plan), Rows(quantized, plan));
                for (var start = 0; start < exact.Length; start += Block)
                {
                    var values = exact[start..(start + Block)];
                    var step = quantization == Quantization.Int8 ? values.Max(Math.Abs) / 127 : (Math.Max(0, values.Max()) - Math.Min(0, values.Min())) / 15;
                    var differences = values.Zip(held[start..(start + Block)], (value, stored) => Math.Abs(value - stored)).ToArray();
                    // Half a level; the scale in half precision is one in 2,048 off. In four bits the scale with the least squares is taken, which may cut off an outlier.
                    if (quantization == Quantization.Int8) Assert.True(differences.Max() <= 0.501 * step, $"{plan.Name}: {differences.Max()} of {step}");
                    errors += differences.Sum(difference => (double)difference * difference);
                    steps += Block * (double)step * step;
                }
            }

            // Spread evenly, that is the root of 1/12, or 0.289, of a level; the outermost values are met exactly, and a search does better.
            output.WriteLine(FormattableString.Invariant($"{architecture} {quantization}: {Math.Sqrt(errors / steps):F4} levels"));
            Assert.InRange(Math.Sqrt(errors / steps), quantization == Quantization.Int8 ? 0.27 : 0.22, 0.289);
        }
    }

    [Theory]
    [MemberData(nameof(TinyModels.Everything), MemberType = typeof(TinyModels))]
    public void Every_architecture_computes_what_its_rounded_weights_say(string name)
    {
        using var model = TinyModels.Create(name, _backend);
        var tokens = TinyModels.Tokens(20);
        foreach (var quantization in Quantizations)
        {
            using var quantized = QuantizedModel.Of(model, quantization);
            using var decoded = Decoded(quantized);
            CheckError(name, TinyModels.Logits(decoded, tokens), TinyModels.Logits(quantized, tokens), model);
            Assert.Equal(model.Parameters.Count, quantized.Parameters.Count + quantized.Quantized!.Count);
        }
    }

    [Fact]
    public void A_detector_and_its_generator_compute_what_their_rounded_weights_say()
    {
        var configuration = new ElectraConfiguration
        {
            VocabularySize = 50, EmbeddingSize = 8, HiddenSize = 12, Layers = 2, Heads = 3, MaxPositions = 24, IntermediateSize = 20, Generator = new ElectraGenerator(8, 2, 2, 16),
        };
        using var model = TinyModels.Create(configuration, _backend);
        using var quantized = QuantizedModel.Of(model, Quantization.Int8);
        using var decoded = Decoded(quantized);
        CheckError("detector", Logits(decoded, ofGenerator: false), Logits(quantized, ofGenerator: false), model);
        CheckError("generator", Logits(decoded, ofGenerator: true), Logits(quantized, ofGenerator: true), model);

        static float[] Logits(LanguageModel model, bool ofGenerator)
        {
            var electra = (ElectraModel)model;
            using var tape = new Tape(model.Backend) { Recording = false };
            var input = TinyModels.Pack(model, tape, TinyModels.Tokens(20));
            return (ofGenerator ? electra.GeneratorLogits(tape, electra.GeneratorHidden(tape, input)) : electra.Detect(tape, electra.Hidden(tape, input))).ToArray();
        }
    }

    [Theory]
    [InlineData("llama-untied")]
    [InlineData("bert")]
    public void A_loss_is_that_of_the_logits(string name)
    {
        using var model = TinyModels.Create(name, _backend);
        using var quantized = QuantizedModel.Of(model, Quantization.Int4);
        var tokens = TinyModels.Tokens(20);
        var targets = TinyModels.Tokens(20, seed: 8);
        var logits = TinyModels.Logits(quantized, tokens);
        using var tape = new Tape(_backend) { Recording = false };
        var shape = new Shape(20);
        var received = tape.Constant(shape, new float[20]);
        var loss = quantized.CrossEntropy(
            tape, quantized.Hidden(tape, TinyModels.Pack(quantized, tape, tokens)), tape.Integers(targets), tape.Constant(shape, [.. Enumerable.Repeat(1f, 20)]), new CrossEntropyOptions(1), received);
        var losses = received.ToArray();
        for (var row = 0; row < 20; row++)
        {
            var classes = logits[(row * 50)..((row + 1) * 50)];
            var largest = (double)classes.Max();
            Assert.Equal(largest + Math.Log(classes.Sum(logit => Math.Exp(logit - largest))) - classes[targets[row]], losses[row], 1e-4);
        }

        Assert.Equal(losses.Sum(), loss.Item, 1e-2);
    }

    [Theory]
    [InlineData("gpt2-no-bias")]
    [InlineData("llama-untied")]
    [InlineData("bert-untied")]
    public void A_model_is_quantised_as_its_directory_is_read(string name)
    {
        using var model = TinyModels.Create(name, _backend);
        ModelDirectory.Save(_folder.At("model"), model);
        var tokens = TinyModels.Tokens(9);
        foreach (var quantization in Quantizations)
        {
            using var copied = QuantizedModel.Of(model, quantization);
            using var loaded = ModelDirectory.Load(_folder.At("model"), _backend, quantization);
            Assert.Equal(TinyModels.Logits(copied, tokens), TinyModels.Logits(loaded, tokens));
        }
    }

    [Theory]
    [InlineData("gpt2")]
    [InlineData("llama")]
    public void However_many_rows_a_table_has_some_at_a_time_are_in_memory(string architecture)
    {
        using var model = Wide(architecture, vocabulary: 50_021);
        var configuration = model.Configuration;
        ModelDirectory.Save(_folder.At("model"), model);
        var table = 50_021L * configuration.HiddenSize * sizeof(float);
        Assert.True(QuantizedModel.WorkingBytes(configuration) < table / 50);
        var before = GC.GetAllocatedBytesForCurrentThread();
        using var loaded = ModelDirectory.Load(_folder.At("model"), _backend, Quantization.Int4);
        Assert.InRange(GC.GetAllocatedBytesForCurrentThread() - before, QuantizedModel.WorkingBytes(configuration) / 2, table / 4);
        // The last rows are fewer than are read at a time.
        var held = Rows(loaded, configuration.Plan().Single(parameter => parameter.Name == configuration.Tables.Embedding));
        Assert.InRange(RelativeError(model.Embedding.Tensor.ToArray(), held), 1e-4, 0.01);
    }

    [Theory]
    [InlineData("gpt2")]
    [InlineData("gpt_neox")]
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
            HoldTheSame(file, native);
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
        Assert.Equal(plain, widened);
        using var native = GgufImport.ReadModel(file, _backend, Quantization.Int4);
        HoldTheSame(file, native);
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
        using var encoder = TinyModels.Create("bert", _backend);
        using var quantizedEncoder = QuantizedModel.Of(encoder, Quantization.Int8);
        foreach (var use in new Action[]
        {
            () => _ = quantized.Head,
            () => _ = quantized.Embedding,
            () => ModelDirectory.Save(_folder.At("model"), quantized),
            () => GgufExport.Write(quantized, tokenizer: null, "q", _folder.At("model.gguf"), GgufExportType.F32),
            () => OnnxExport.Write(quantizedEncoder, _folder.At("model.onnx"), features: false),
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

    /// <summary>What stands between a model and the one with its decoded weights: that activations are rounded.</summary>
    private void CheckError(string name, float[] decoded, float[] quantized, LanguageModel model)
    {
        // Four products follow each other in a layer, and the head: their errors add up as squares. Softmax, gates and norms make up to three times as much of them.
        var expected = Rounding * Math.Sqrt(4 * model.Configuration.Layers + 1);
        var error = RelativeError(decoded, quantized);
        output.WriteLine(FormattableString.Invariant($"{name}: {error:F4}, {error / expected:F2} times what is expected"));
        Assert.InRange(error, expected / 10, 3 * expected);
    }

    private static bool IsTable(LanguageModel model, string name) => name == model.Configuration.Tables.Embedding || name == model.Configuration.Tables.Head;

    /// <summary>The float32 model whose values are those that a quantised one stands for.</summary>
    private static LanguageModel Decoded(LanguageModel quantized)
    {
        var model = quantized.Configuration.Create(quantized.Backend, trainable: false);
        foreach (var plan in quantized.Configuration.Plan())
        {
            var rows = Rows(quantized, plan);
            model.Parameters[plan.Name].Tensor.CopyFrom(IsTransposed(quantized, plan) ? GgufPlace.Transpose(rows, plan.Shape[1], plan.Shape[0]) : rows);
        }

        return model;
    }

    /// <summary>A parameter's values, [outputs, inputs] where it is a matrix.</summary>
    private static float[] Rows(LanguageModel model, ParameterPlan plan)
    {
        if (model.Quantized?.Contains(plan.Name) == true)
        {
            var matrix = model.Quantized[plan.Name];
            using var tape = new Tape(model.Backend) { Recording = false };
            return tape.Embedding(tape.Integers([.. Enumerable.Range(0, matrix.Rows)]), matrix).ToArray();
        }

        var values = model.Parameters[plan.Name].Tensor.ToArray();
        return IsTransposed(model, plan) ? GgufPlace.Transpose(values, plan.Shape[0], plan.Shape[1]) : values;
    }

    private static bool IsTransposed(LanguageModel model, ParameterPlan plan) => plan.Shape.Rank == 2 && model.Configuration.LayoutOf(plan.Name) == WeightLayout.InputsByOutputs;

    /// <summary>Every value is, to the bit, the one that reading the file as float32 gives.</summary>
    private void HoldTheSame(GgufFile file, LanguageModel native)
    {
        using var read = GgufImport.ReadModel(file, _backend);
        foreach (var plan in native.Configuration.Plan()) Assert.Equal(Rows(read, plan), Rows(native, plan));
    }

    private LanguageModel Wide(string architecture, int vocabulary = 48)
    {
        ModelConfiguration configuration = architecture switch
        {
            "gpt2" => new Gpt2Configuration { VocabularySize = vocabulary, HiddenSize = 64, Layers = 2, Heads = 4, MaxPositions = 24, IntermediateSize = 96 },
            "gpt_neox" => new GptNeoXConfiguration { VocabularySize = vocabulary, HiddenSize = 64, Layers = 2, Heads = 4, MaxPositions = 24, IntermediateSize = 96, TieEmbeddings = false },
            _ => new LlamaConfiguration
            {
                Family = "llama", VocabularySize = vocabulary, HiddenSize = 64, Layers = 2, Heads = 4, KeyValueHeads = 2, HeadSize = 16, MaxPositions = 24, IntermediateSize = 96, TieEmbeddings = true,
            },
        };
        return TinyModels.Create(configuration, _backend);
    }

    private static double RelativeError(float[] exact, float[] values) =>
        Math.Sqrt(exact.Zip(values).Sum(pair => Math.Pow((double)pair.First - pair.Second, 2)) / exact.Sum(value => (double)value * value));
}
