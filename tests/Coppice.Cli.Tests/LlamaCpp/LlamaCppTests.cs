using Coppice.Models;
using Coppice.Models.Gguf;
using Coppice.Models.Tests;
using Coppice.Tensors;
using Coppice.Testing;
using Coppice.Tokenizers;
using Coppice.Tokenizers.Training;
using Xunit.Abstractions;

namespace Coppice.Cli.Tests.LlamaCpp;

/// <summary>Models that Coppice exports, run by llama.cpp's own binaries.</summary>
public sealed class LlamaCppTests(ITestOutputHelper output) : IDisposable
{
    private const int NewTokens = 64;

    // Ordinary text in the style that stories260k was trained on.
    private const string Story = """
        Once upon a time, there was a little girl named Lily. She loved to play outside in the park. One day, she saw a big, red ball. She wanted to play with it, but it was too high.
        Tom was a small dog. He liked to run and jump. One day, Tom saw a bird in a tree. "Hello, bird!" said Tom. "Do you want to play with me?" The bird was happy and said, "Yes!" They ran and played all day.
        Mia had a blue boat. She took it to the lake with her mom. The boat was fast and the water was cold. Mia was sad when the boat went away, but a kind duck brought it back. Mia said thank you and gave the duck some bread.
        """;

    private static readonly string[] Texts =
    [
        "Hello world", "it's 12345, isn't it? I'LL say 'tis", " leading and  double   spaces ", "tabs\tand\n\n\nlines \r\n here", "naïve café, ½ Ünïcödé", "街道 and emoji 🐑🐑 zwj 👩‍👩‍👧", "a", "\n", "x = y[3] + 0xFF; // done!!!",
        "<|endoftext|> and <s> as text", "Ein Satz über Öl, Äpfel und Straßen.", "1 22 333 4444 55555",
    ];

    private readonly TemporaryFolder _folder = new();
    private readonly Backend _backend = Backends.Create(threads: 2);

    public void Dispose()
    {
        _folder.Dispose();
        _backend.Dispose();
    }

    [NodePackageTheory(LlamaCppRun.Package)]
    [InlineData("gpt2", BpeStyle.Gpt2)]
    [InlineData("gpt2-no-bias", BpeStyle.Gpt4)]
    [InlineData("gpt2-untied", BpeStyle.Llama)]
    [InlineData("llama", BpeStyle.Llama)]
    [InlineData("llama-untied", BpeStyle.Gpt4)]
    [InlineData("mistral", BpeStyle.Llama)]
    [InlineData("qwen2", BpeStyle.Gpt2)]
    [InlineData("qwen3", BpeStyle.Gpt4)]
    [InlineData("phi3", BpeStyle.Llama)]
    [InlineData("gemma", BpeStyle.Llama)]
    [InlineData("gpt_neox", BpeStyle.Gpt2)]
    public void Every_architecture_gives_the_same_losses_and_the_same_tokens(string name, BpeStyle style)
    {
        var tokenizer = BpeTrainer.Train([Story, .. Texts], new BpeTrainerOptions { VocabularySize = 400, Style = style });
        using var model = Create(name, tokenizer);
        var file = Export(model, tokenizer, GgufExportType.F32);
        var tokens = Encode(tokenizer, Story);
        IReadOnlyList<IReadOnlyList<int>> sequences = [tokens[..40], tokens[40..80]];
        var run = LlamaCppRun.Of(file, tokens[..8], NewTokens, sequences, Texts);

        var losses = sequences.Select(sequence => Losses(model, sequence)).ToList();
        var difference = run.Losses.Zip(losses).SelectMany(pair => pair.First.Zip(pair.Second)).Max(pair => Math.Abs(pair.First - pair.Second));
        output.WriteLine($"largest difference of a token's loss: {difference:G3} of {losses.Average(l => l.Average()):G4} on average");
        // llama.cpp looks gelu up in a table of half precision.
        Assert.InRange(difference, 0, name.StartsWith("gpt", StringComparison.Ordinal) || name == "gemma" ? 0.02 : 2e-3);
        Assert.Equal(Greedy(model, tokens[..8]), run.Greedy);
        Assert.Equal((tokenizer.BeginOfText, tokenizer.EndOfText, true), (run.Begins, run.Ends, run.Prepends));
        Assert.Equal([.. Texts.Select(text => Encode(tokenizer, text).ToArray())], run.Encodings);
    }

    [NodePackageTheory(LlamaCppRun.Package)]
    [InlineData("llama", "linear")]
    [InlineData("gpt_neox", "linear")]
    [InlineData("llama", "llama3")]
    [InlineData("llama", "divisors")]
    [InlineData("llama", "yarn")]
    [InlineData("qwen3", "yarn with a factor")]
    [InlineData("llama", "yarn with turns")]
    [InlineData("phi3", "longrope")]
    [InlineData("phi3", "longrope of short texts")]
    public void Scaled_rotary_positions_give_the_same_losses(string name, string kind)
    {
        var tokenizer = BpeTrainer.Train([Story, .. Texts], new BpeTrainerOptions { VocabularySize = 400, Style = BpeStyle.Llama });
        RotaryScaling scaling = kind switch
        {
            "linear" => new LinearScaling(2.5),
            "llama3" => new Llama3Scaling(8, 1, 4, 32),
            "divisors" => new LongRopeScaling([1, 1.5, 7], [1, 1.5, 7], 32, 3) { AttentionFactor = 1.25 },
            "yarn" => new YarnScaling(4, 32),
            "yarn with a factor" => new YarnScaling(4, 32) { AttentionFactor = 1.3 },
            "yarn with turns" => new YarnScaling(4, 32) { FastTurns = 2, SlowTurns = 0.25 },
            // A context is at least 256 tokens there, and its length decides.
            "longrope of short texts" => new LongRopeScaling([1, 1.5], [2, 9], 300, 4),
            _ => new LongRopeScaling([1, 1.5], [2, 9], 32, 3),
        };
        var positions = kind == "longrope of short texts" ? 1200 : 96;
        using var model = Create(name, tokenizer, configuration => configuration switch
        {
            LlamaConfiguration llama => llama with { RotaryScaling = scaling, MaxPositions = positions },
            GptNeoXConfiguration neox => neox with { RotaryScaling = scaling },
            _ => configuration,
        });
        var tokens = Encode(tokenizer, Story);
        IReadOnlyList<IReadOnlyList<int>> sequences = [tokens[..90], tokens[90..150]];
        var run = LlamaCppRun.Of(Export(model, tokenizer, GgufExportType.F32), tokens[..8], 1, sequences, Texts);
        var losses = sequences.Select(sequence => Losses(model, sequence)).ToList();
        var difference = run.Losses.Zip(losses).SelectMany(pair => pair.First.Zip(pair.Second)).Max(pair => Math.Abs(pair.First - pair.Second));
        using var plain = TinyModels.Create(Unscaled(model.Configuration), _backend);
        var unscaled = run.Losses.Zip(sequences.Select(sequence => Losses(plain, sequence))).SelectMany(pair => pair.First.Zip(pair.Second)).Max(pair => Math.Abs(pair.First - pair.Second));
        output.WriteLine($"largest difference of a token's loss: {difference:G3}; unscaled {unscaled:G3}");
        Assert.InRange(difference, 0, name == "gpt_neox" ? 0.02 : 2e-3);
        Assert.True(unscaled > 20 * difference, "the scaling made no difference");

        static ModelConfiguration Unscaled(ModelConfiguration configuration) => configuration switch
        {
            LlamaConfiguration llama => llama with { RotaryScaling = null },
            GptNeoXConfiguration neox => neox with { RotaryScaling = null },
            _ => configuration,
        };
    }

    [LlamaCppFact("models/stories260k")]
    public void A_model_that_others_trained_is_the_same_in_llama_cpp() =>
        Compare(SharedData.At("models/stories260k"), Story, [GgufExportType.F32, GgufExportType.F16, GgufExportType.Q80, GgufExportType.Q41, GgufExportType.Q4K, GgufExportType.Q40]);

    [NodePackageFact(LlamaCppRun.Package)]
    [Trait("Category", "Slow")]
    public void A_model_trained_here_is_the_same_in_llama_cpp()
    {
        var recipe = _folder.Write("recipe.yaml", """
            model: { architecture: llama, layers: 2, heads: 4, hidden_size: 256 }
            tokenizer: { type: byte_bpe, vocabulary_size: 1024 }
            data: { validation: { split: tail } }
            training: { steps: 150, batch_size: 8, sequence_length: 96 }
            optimizer: { learning_rate: 2e-3 }
            evaluation: { sample_prompts: [] }
            """);
        var pages = new[] { "README.md", "ARCHITECTURE.md", "CONTRIBUTING.md", "docs/curation.md" }.Select(page => Path.Combine(SharedData.RepositoryRoot, page));
        var run = CommandRun.Of(["pretrain", recipe, .. pages, "-o", _folder.At("run"), "--json"]);
        Assert.True(run.ExitCode == 0, run.Error);
        var unseen = File.ReadAllText(Path.Combine(SharedData.RepositoryRoot, "docs", "updates.md"))[..6000];
        Compare(_folder.At("run/model"), unseen, [GgufExportType.F32, GgufExportType.Q80, GgufExportType.Q41, GgufExportType.Q4K, GgufExportType.Q40]);
    }

    /// <summary>Text and losses of every storage type against our own on the exact weights, and of our reading of the stored file against llama.cpp's.</summary>
    private void Compare(string directory, string text, GgufExportType[] types)
    {
        using var model = ModelDirectory.Load(directory, _backend);
        var tokenizer = Tokenizer.Load(directory);
        var tokens = Encode(tokenizer, text);
        if (tokenizer.BeginOfText is { } begin) tokens.Insert(0, begin);
        var sequences = tokens.Chunk(96).Where(chunk => chunk.Length > 1).ToList();
        var exact = sequences.SelectMany(sequence => Losses(model, sequence)).Average();
        foreach (var type in types)
        {
            var file = Export(model, tokenizer, type);
            var run = LlamaCppRun.Of(file, tokens[..8], NewTokens, sequences, [text, .. Texts]);
            using var opened = GgufFile.Open(file);
            using var stored = GgufImport.ReadModel(opened, _backend);
            var ours = sequences.SelectMany(sequence => Losses(stored, sequence)).Average();
            var greedy = Greedy(model, tokens[..8]);
            var same = greedy.Zip(run.Greedy).TakeWhile(pair => pair.First == pair.Second).Count();
            var different = run.Encodings.Zip([text, .. Texts]).Count(pair => !pair.First.SequenceEqual(Encode(tokenizer, pair.Second)));
            output.WriteLine(FormattableString.Invariant(
                $"{type}: {new FileInfo(file).Length} bytes, perplexity in llama.cpp {Math.Exp(run.MeanLoss):F4} ({100 * (Math.Exp(run.MeanLoss - exact) - 1):+0.000;-0.000} %), read here {Math.Exp(ours):F4} ({100 * (Math.Exp(ours - exact) - 1):+0.000;-0.000} %), exact {Math.Exp(exact):F4}; {same} of {NewTokens} tokens the same; {different} texts tokenised otherwise"));
            var allowed = type switch { GgufExportType.F32 => 1e-3, GgufExportType.F16 => 2e-3, GgufExportType.Q80 => 0.01, _ => 0.05 };
            if (type != GgufExportType.Q40) Assert.InRange(Math.Exp(run.MeanLoss - exact) - 1, -allowed, allowed);
            // llama.cpp also rounds what it multiplies quantised weights with.
            Assert.InRange(Math.Exp(run.MeanLoss - ours) - 1, -0.02, 0.02);
            if (type == GgufExportType.F32) Assert.Equal(greedy, run.Greedy);
            Assert.Equal(0, different);
        }
    }

    private string Export(LanguageModel model, Tokenizer tokenizer, GgufExportType type)
    {
        var result = GgufExport.Write(model, tokenizer.ToJson(), "test", _folder.At("model.gguf"), type);
        foreach (var summary in result.Types) output.WriteLine(FormattableString.Invariant($"  {summary.Type}: {summary.Tensors} tensors, {summary.Bytes} bytes, relative error {summary.RelativeError:G3}"));
        foreach (var note in result.Notes) output.WriteLine($"  {note}");
        return result.Output;
    }

    private LanguageModel Create(string name, Tokenizer tokenizer, Func<ModelConfiguration, ModelConfiguration>? change = null)
    {
        var configuration = TinyModels.Configuration(name, tokenizer.VocabularySize, positions: 96) with { BeginOfText = tokenizer.BeginOfText, EndOfText = tokenizer.EndOfText };
        // llama.cpp has no window for the family, for Qwen2 no heads that are wider or narrower than the model, and for GPT-NeoX no gelu but the approximation.
        configuration = configuration switch
        {
            LlamaConfiguration llama => llama with { SlidingWindow = 0, HiddenSize = llama.Heads * llama.HeadSize },
            GptNeoXConfiguration neox => neox with { Activation = PointwiseFunction.GeluTanh },
            _ => configuration,
        };
        return TinyModels.Create(change is null ? configuration : change(configuration), _backend);
    }

    private static List<int> Encode(Tokenizer tokenizer, string text)
    {
        var ids = new List<int>();
        tokenizer.Encode(text, ids);
        return ids;
    }

    private static double[] Losses(LanguageModel model, IReadOnlyList<int> tokens)
    {
        var vocabulary = model.Configuration.VocabularySize;
        var logits = TinyModels.Logits(model, [.. tokens.SkipLast(1)]);
        return [.. Enumerable.Range(0, tokens.Count - 1).Select(i =>
        {
            var after = logits.AsSpan(i * vocabulary, vocabulary);
            double largest = float.NegativeInfinity, sum = 0;
            foreach (var logit in after) largest = Math.Max(largest, logit);
            foreach (var logit in after) sum += Math.Exp(logit - largest);
            return largest + Math.Log(sum) - after[tokens[i + 1]];
        })];
    }

    private static List<int> Greedy(LanguageModel model, IEnumerable<int> prompt)
    {
        var tokens = prompt.ToList();
        var given = tokens.Count;
        while (tokens.Count < given + NewTokens)
        {
            var logits = TinyModels.Logits(model, [.. tokens]).AsSpan()[^model.Configuration.VocabularySize..];
            var best = 0;
            for (var token = 1; token < logits.Length; token++)
            {
                if (logits[token] > logits[best]) best = token;
            }

            tokens.Add(best);
        }

        return tokens[given..];
    }
}
