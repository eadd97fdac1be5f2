using Coppice.Foundation;
using Coppice.Models;
using Coppice.Models.Gguf;
using Coppice.Models.Tests;
using Coppice.Tensors;
using Coppice.Testing;
using Coppice.Tokenizers;
using Xunit.Abstractions;

namespace Coppice.Inference.Tests;

public sealed class QuantizedInferenceTests(ITestOutputHelper output) : IDisposable
{
    private const string Stories = "models/stories260k";

    // Ordinary text in the style that stories260k was trained on.
    private const string Story = """
        Once upon a time, there was a little girl named Lily. She loved to play outside in the park. One day, she saw a big, red ball. She wanted to play with it, but it was too high.
        Tom was a small dog. He liked to run and jump. One day, Tom saw a bird in a tree. "Hello, bird!" said Tom. "Do you want to play with me?" The bird was happy and said, "Yes!" They ran and played all day.
        Mia had a blue boat. She took it to the lake with her mom. The boat was fast and the water was cold. Mia was sad when the boat went away, but a kind duck brought it back. Mia said thank you and gave the duck some bread.
        """;

    private readonly TemporaryFolder _folder = new();
    private readonly Backend _backend = Backends.Create(threads: 2);

    public void Dispose()
    {
        _folder.Dispose();
        _backend.Dispose();
    }

    [SharedDataFact(Stories)]
    public void Perplexity_stays_with_eight_bits_and_nearly_with_four()
    {
        var exact = Perplexity(Quantization.None);
        foreach (var (quantization, most) in new[] { (Quantization.Int8, 0.01), (Quantization.Int4, 0.05) })
        {
            var change = Perplexity(quantization) / exact - 1;
            output.WriteLine(FormattableString.Invariant($"{quantization}: {exact:F4} {100 * change:+0.000;-0.000} %"));
            Assert.InRange(change, -most, most);
        }
    }

    [SharedDataFact(Stories)]
    public async Task Text_is_the_same_alone_and_among_others()
    {
        using var model = ModelDirectory.Load(SharedData.At(Stories), _backend, Quantization.Int8);
        using var generator = new TextGenerator(model, Tokenizer.Load(SharedData.At(Stories)));
        using var engine = InferenceEngine.Load(SharedData.At(Stories), threads: 2, quantization: Quantization.Int8);
        var options = new GenerationOptions { Temperature = 0, MaxTokens = 40 };
        string[] prompts = ["Once upon a time", "Tom was", "The bird"];
        var streams = prompts.Select(prompt => engine.Generate(engine.Tokenize(prompt), options)).ToList();
        for (var i = 0; i < prompts.Length; i++) Assert.Equal(generator.Generate(prompts[i], options).Text, (await streams[i].Completion).Text);
    }

    [SharedDataFact(Stories)]
    public void A_model_of_fewer_bits_drafts_for_the_exact_one()
    {
        using var exact = InferenceModel.Load(SharedData.At(Stories), _backend);
        using var draft = DraftModel.Load(SharedData.At(Stories), exact.Tokenizer, _backend, Quantization.Int8);
        var speculation = new Speculation(draft, Speculation.ExactTokens);
        using var alone = new TextGenerator(exact.Model, exact.Tokenizer);
        using var ahead = new TextGenerator(exact.Model, exact.Tokenizer, speculation);
        var options = new GenerationOptions { Temperature = 0, MaxTokens = 80 };
        Assert.Equal(alone.Generate("Once upon a time", options).Text, ahead.Generate("Once upon a time", options).Text);
        Assert.InRange(speculation.Accepted, 0.8 * speculation.Proposed, speculation.Proposed);
    }

    [SharedDataFact(Stories)]
    public void A_gguf_file_is_run_as_it_is()
    {
        using (var model = ModelDirectory.Load(SharedData.At(Stories), _backend))
            GgufExport.Write(model, Tokenizer.Load(SharedData.At(Stories)).ToJson(), "stories", _folder.At("stories.gguf"), GgufExportType.Q80);
        using var opened = InferenceModel.Load(_folder.At("stories.gguf"), _backend, Quantization.Int8);
        using var directory = InferenceModel.Load(SharedData.At(Stories), _backend, Quantization.Int8);
        Assert.Equal(Text(directory), Text(opened));

        static string Text(InferenceModel model)
        {
            using var generator = new TextGenerator(model.Model, model.Tokenizer);
            return generator.Generate("Once upon a time", new GenerationOptions { Temperature = 0, MaxTokens = 40 }).Text;
        }
    }

    [Fact]
    public void A_gguf_file_without_a_tokenizer_is_refused()
    {
        using (var model = TinyModels.Create("llama", _backend))
            GgufExport.Write(model, tokenizer: null, "tiny", _folder.At("tiny.gguf"), GgufExportType.F32);
        Assert.Contains("has no tokenizer", Assert.Throws<CoppiceException>(() => InferenceModel.Load(_folder.At("tiny.gguf"), _backend)).Message, StringComparison.Ordinal);
        Assert.Contains("is not a GGUF file", Assert.Throws<CoppiceException>(() => InferenceModel.Load(_folder.Write("a.txt", "text and text"), _backend)).Message, StringComparison.Ordinal);
    }

    private double Perplexity(Quantization quantization)
    {
        using var model = ModelDirectory.Load(SharedData.At(Stories), _backend, quantization);
        var tokenizer = Tokenizer.Load(SharedData.At(Stories));
        var tokens = new List<int> { tokenizer.BeginOfText!.Value };
        tokenizer.Encode(Story, tokens);
        var vocabulary = model.Configuration.VocabularySize;
        var logits = TinyModels.Logits(model, [.. tokens]);
        var nats = 0.0;
        for (var i = 0; i < tokens.Count - 1; i++)
        {
            var row = logits.AsSpan(i * vocabulary, vocabulary);
            double largest = float.NegativeInfinity, sum = 0;
            foreach (var logit in row) largest = Math.Max(largest, logit);
            foreach (var logit in row) sum += Math.Exp(logit - largest);
            nats += largest + Math.Log(sum) - row[tokens[i + 1]];
        }

        return Math.Exp(nats / (tokens.Count - 1));
    }
}
