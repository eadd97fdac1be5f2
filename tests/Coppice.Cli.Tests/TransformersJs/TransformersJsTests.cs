using System.Text.Json;
using Coppice.Models;
using Coppice.Models.Onnx;
using Coppice.Models.Tests;
using Coppice.Tensors;
using Coppice.Testing;
using Coppice.Tokenizers;
using Coppice.Tokenizers.Training;
using Xunit.Abstractions;

namespace Coppice.Cli.Tests.TransformersJs;

/// <summary>Directories that Coppice writes, opened by transformers.js: the same token numbers, and of encoders the same numbers out of ONNX Runtime.</summary>
public sealed class TransformersJsTests(ITestOutputHelper output) : IDisposable
{
    private static readonly string[] Texts =
    [
        "Hello world", "it's 12345, isn't it? I'LL say 'tis", " leading and  double   spaces ", "tabs\tand\n\n\nlines", "naïve café, ½ Ünïcödé", "街道 and emoji 🐑 zwj 👩‍👩‍👧", "a",
        "x = y[3] + 0xFF; // done!!!", "Ein Satz über Öl, Äpfel und Straßen.", "1 22 333 4444 55555",
    ];

    private readonly TemporaryFolder _folder = new();
    private readonly Backend _backend = Backends.Create(threads: 2);

    public void Dispose()
    {
        _folder.Dispose();
        _backend.Dispose();
    }

    [NodePackageTheory("@huggingface/transformers")]
    [InlineData("bert", "AutoModelForMaskedLM", "logits")]
    [InlineData("bert-untied", "AutoModelForMaskedLM", "logits")]
    [InlineData("roberta", "AutoModelForMaskedLM", "logits")]
    [InlineData("bert", "AutoModel", "last_hidden_state")]
    [InlineData("roberta", "AutoModel", "last_hidden_state")]
    [InlineData("electra", "AutoModelForMaskedLM", "logits")]
    [InlineData("electra", "AutoModel", "last_hidden_state")]
    public void An_encoder_gives_the_same_numbers(string name, string kind, string gives)
    {
        var tokenizer = WordPieceTrainer.Train(Texts, new WordPieceTrainerOptions { VocabularySize = 200, Threads = 1 });
        var configuration = name == "electra" ? Electra(tokenizer.VocabularySize) : (EncoderConfiguration)TinyModels.Configuration(name, tokenizer.VocabularySize, positions: 64);
        using var model = TinyModels.Create(configuration, _backend);
        Save(model, tokenizer);
        var exported = OnnxExport.Write(model, _folder.At("model/onnx/model.onnx"), features: gives != "logits");
        Assert.Equal(gives, exported.Gives);

        var run = Run(kind, gives, configuration.PadToken);
        Assert.Equal(Encode(tokenizer), run.Encodings);
        var largest = 0.0;
        foreach (var (ids, theirs) in run.Encodings.Zip(run.Outputs))
        {
            // RoBERTa in other programs gives no position to what it takes for padding.
            if (configuration.FirstPosition > 0 && ids.Contains(configuration.PadToken)) continue;
            using var tape = new Tape(_backend) { Recording = false };
            var hidden = model.Hidden(tape, TinyModels.Pack(model, tape, ids));
            var ours = (gives != "logits" ? hidden : model is ElectraModel electra ? electra.Detect(tape, hidden) : model.Logits(tape, hidden)).ToArray();
            Assert.Equal(ours.Length, theirs.Length);
            for (var i = 0; i < ours.Length; i++) largest = Math.Max(largest, Math.Abs(ours[i] - theirs[i]));
        }

        output.WriteLine($"largest difference: {largest:G3}");
        Assert.InRange(largest, 0, 1e-3);
    }

    [NodePackageTheory("@huggingface/transformers")]
    [InlineData(BpeStyle.Gpt2)]
    [InlineData(BpeStyle.Gpt4)]
    [InlineData(BpeStyle.Llama)]
    public void A_decoder_s_directory_gives_the_same_tokens(BpeStyle style)
    {
        var tokenizer = BpeTrainer.Train(Texts, new BpeTrainerOptions { VocabularySize = 400, Style = style });
        using var model = TinyModels.Create(style == BpeStyle.Llama ? "llama" : "gpt2", _backend, tokenizer.VocabularySize);
        Save(model, tokenizer);
        Assert.Equal(Encode(tokenizer), Run(kind: null, gives: null, padding: 0).Encodings);
    }

    private static ElectraConfiguration Electra(int vocabulary) =>
        new() { VocabularySize = vocabulary, EmbeddingSize = 8, HiddenSize = 12, Layers = 2, Heads = 3, MaxPositions = 64, IntermediateSize = 20 };

    private static int[][] Encode(Tokenizer tokenizer) => [.. Texts.Select(text => tokenizer.EncodeWithSpecialTokens(text).ToArray())];

    private void Save(LanguageModel model, Tokenizer tokenizer)
    {
        ModelDirectory.Save(_folder.At("model"), model);
        TokenizerFiles.Write(tokenizer, _folder.At("model"), model.Configuration.MaxPositions);
    }

    private Answer Run(string? kind, string? gives, int padding)
    {
        var script = Path.Combine(SharedData.RepositoryRoot, "tests", "Coppice.Cli.Tests", "TransformersJs", "transformers.mjs");
        var request = JsonSerializer.Serialize(new { model = _folder.At("model"), texts = Texts, kind, gives, padding });
        return JsonSerializer.Deserialize<Answer>(NodePackages.Run(script, request), JsonSerializerOptions.Web)!;
    }

    private sealed record Answer(int[][] Encodings, float[][] Outputs);
}
