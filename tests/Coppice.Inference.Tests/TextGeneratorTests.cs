using System.Text;
using Coppice.Foundation;
using Coppice.Models;
using Coppice.Models.Tests;
using Coppice.Tensors;
using Coppice.Testing;
using Coppice.Tokenizers;
using Coppice.Tokenizers.Training;

namespace Coppice.Inference.Tests;

public sealed class TextGeneratorTests : IDisposable
{
    private const string Story =
        "Once upon a time, there was a little girl named Lily. She loved to play outside in the park. One day, she saw a big, red ball. She wanted to play with it, but it was too high.\n";

    private static readonly GenerationOptions Greedy = new() { Temperature = 0, MaxTokens = 20 };

    // Without special tokens; characters of one, two, three and four bytes.
    private static readonly Tokenizer Characters = CharacterTrainer.Train(["abcdefghijklmnopqrstuvwxyz .,\néß日本🙂😀"]);

    private readonly Backend _backend = Backends.Create(threads: 2);

    public void Dispose() => _backend.Dispose();

    [SharedDataFact("models/stories260k")]
    public void A_real_model_writes_what_it_writes_elsewhere()
    {
        using var model = ModelDirectory.Load(SharedData.At("models/stories260k"), _backend);
        using var generator = new TextGenerator(model, Tokenizer.Load(SharedData.At("models/stories260k")));
        var result = generator.Generate("", Greedy with { MaxTokens = 120 });
        Assert.StartsWith(Story + "Lily's mom said, ", result.Text, StringComparison.Ordinal);
        Assert.Equal((120, 1, FinishReason.Length), (result.Tokens.Count, result.PromptTokens, result.FinishReason));

        // From the middle of it, the same text, with the space that begins it.
        const string Beginning = "Once upon a time,";
        var continued = generator.Generate(Beginning, Greedy with { MaxTokens = 40 });
        Assert.StartsWith(Story[Beginning.Length..80], continued.Text, StringComparison.Ordinal);

        var stopped = generator.Generate("", Greedy with { MaxTokens = 120, StopStrings = ["park. One", "named"] });
        Assert.Equal((Story[..Story.IndexOf("named", StringComparison.Ordinal)], FinishReason.Stop), (stopped.Text, stopped.FinishReason));
    }

    [Theory]
    [InlineData("gpt2")]
    [InlineData("mistral")]
    public void A_text_becomes_longer_than_the_context(string name)
    {
        using var model = Endless(name, _backend, positions: 16);
        using var generator = new TextGenerator(model, Characters);
        var result = generator.Generate("a prompt that is itself longer than the context", new GenerationOptions { MaxTokens = 100 });
        Assert.Equal((100, FinishReason.Length), (result.Tokens.Count, result.FinishReason));
    }

    [Fact]
    public void The_same_seed_gives_the_same_text_whatever_the_number_of_threads()
    {
        var options = new GenerationOptions { MaxTokens = 60, Temperature = 1.2, TopK = 20, TopP = 0.9, Seed = 5 };
        var texts = new[] { 1, 2, 3 }.Select(threads =>
        {
            using var backend = Backends.Create(threads);
            using var model = Endless("llama", backend);
            using var generator = new TextGenerator(model, Characters);
            generator.Generate("something else", options with { Seed = 9 });
            return generator.Generate("a", options).Text;
        }).ToList();
        Assert.All(texts, text => Assert.Equal(texts[0], text));
        using var model = Endless("llama", _backend);
        using var generator = new TextGenerator(model, Characters);
        Assert.Equal(60, generator.Generate("a", options).Tokens.Count);
        Assert.NotEqual(texts[0], generator.Generate("a", options with { Seed = 6 }).Text);
        // The n-th token depends on seed and n: fewer tokens are a beginning.
        Assert.StartsWith(generator.Generate("a", options with { MaxTokens = 10 }).Text, texts[0], StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("gpt2")]
    [InlineData("mistral")]
    public void Greedy_generation_takes_the_largest_logit_of_the_full_pass(string name)
    {
        using var model = Endless(name, _backend, positions: 64);
        using var generator = new TextGenerator(model, Characters);
        var tokens = new List<int>();
        Characters.Encode("abc", tokens);
        for (var i = 0; i < 20; i++)
        {
            var last = TinyModels.Logits(model, [.. tokens])[^50..][..Characters.VocabularySize];
            tokens.Add(Array.IndexOf(last, last.Max()));
        }

        Assert.Equal(tokens[3..], generator.Generate("abc", Greedy).Tokens);
    }

    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    [InlineData(2)]
    public void Pieces_are_whole_characters_and_together_the_text(ulong seed)
    {
        // Bytes as tokens: a random model writes much that is no UTF-8.
        var bytes = BpeTrainer.Train(["é日🙂"], new BpeTrainerOptions { VocabularySize = 257, SpecialTokens = ["<|endoftext|>"], Threads = 1 });
        using var model = Endless("llama", _backend, vocabulary: bytes.VocabularySize, seed: seed);
        using var generator = new TextGenerator(model, bytes);
        var pieces = new List<string>();
        var result = generator.Generate("🙂", new GenerationOptions { MaxTokens = 200, Temperature = 3, TopP = 1, Seed = seed }, pieces.Add);
        Assert.Equal(result.Text, string.Concat(pieces));
        Assert.Equal(bytes.Decode([.. result.Tokens]), result.Text);
        Assert.All(pieces, piece => Assert.Equal(piece, Encoding.UTF8.GetString(Encoding.UTF8.GetBytes(piece))));
        Assert.All(pieces, piece => Assert.NotEmpty(piece));
    }

    [Fact]
    public void A_prompt_is_no_part_of_the_text_even_where_its_last_bytes_are_held_back()
    {
        // é as two byte tokens at the end of the prompt: a streaming decoder waits for the end of the run.
        var tokenizer = Tokenizer.FromJson("""
            {"version": "1.0", "truncation": null, "padding": null, "added_tokens": [], "normalizer": null, "pre_tokenizer": null, "post_processor": null,
             "decoder": {"type": "Sequence", "decoders": [{"type": "ByteFallback"}, {"type": "Fuse"}]},
             "model": {"type": "BPE", "dropout": null, "unk_token": null, "continuing_subword_prefix": null, "end_of_word_suffix": null, "fuse_unk": false,
               "byte_fallback": true, "ignore_merges": false, "vocab": {"<0xC3>": 0, "<0xA9>": 1, "a": 2, "b": 3}, "merges": []}}
            """);
        using var model = Endless("llama", _backend);
        using var generator = new TextGenerator(model, tokenizer);
        var results = Enumerable.Range(0, 20).Select(seed => generator.Generate("abé", new GenerationOptions { MaxTokens = 5, Temperature = 5, TopP = 1, Seed = (ulong)seed }));
        // Where the next token is no byte, the run that ends with the prompt is é.
        var comparable = results.Where(result => result.Tokens[0] >= 2).ToList();
        Assert.NotEmpty(comparable);
        Assert.All(comparable, result => Assert.Equal(tokenizer.Decode([.. result.Tokens]), result.Text));
    }

    [Fact]
    public void The_end_of_text_token_ends_the_text_and_is_not_part_of_it()
    {
        var tokenizer = CharacterTrainer.Train(["abc"], ["<|endoftext|>"]);
        using var model = TinyModels.Create("gpt2", _backend, vocabulary: 6);
        using var generator = new TextGenerator(model, tokenizer);
        var results = Enumerable.Range(0, 20).Select(seed => generator.Generate("ab", new GenerationOptions { Temperature = 2, TopP = 1, Seed = (ulong)seed, MaxTokens = 2000 })).ToList();
        Assert.All(results, result => Assert.Equal(FinishReason.Stop, result.FinishReason));
        Assert.All(results, result => Assert.DoesNotContain(tokenizer.EndOfText!.Value, result.Tokens));
        // One more row than the tokenizer has tokens: never drawn.
        Assert.All(results, result => Assert.DoesNotContain(5, result.Tokens));
        Assert.Contains(results, result => result.Tokens.Count > 0);
        Assert.Equal(3, results[0].PromptTokens);
    }

    [Fact]
    public void An_empty_prompt_begins_with_a_newline_or_the_first_token_where_no_token_begins_a_text()
    {
        using var model = Endless("llama", _backend);
        using var generator = new TextGenerator(model, Characters);
        Assert.Equal(generator.Generate("\n", Greedy).Text, generator.Generate("", Greedy).Text);
        using var other = new TextGenerator(model, CharacterTrainer.Train(["abc"]));
        Assert.Equal(other.Generate("a", Greedy).Text, other.Generate("", Greedy).Text);
    }

    [Fact]
    public void Cancellation_ends_it_between_two_tokens()
    {
        using var model = Endless("llama", _backend);
        using var generator = new TextGenerator(model, Characters);
        using var cancellation = new CancellationTokenSource();
        var pieces = 0;
        Assert.Throws<OperationCanceledException>(() => generator.Generate("a", Greedy, _ => { if (++pieces == 3) cancellation.Cancel(); }, cancellation.Token));
        Assert.Equal(3, pieces);
        Assert.Equal(20, generator.Generate("a", Greedy).Tokens.Count);
    }

    [Fact]
    public void What_can_not_be_done_is_one_line_for_the_user()
    {
        using var model = TinyModels.Create("llama", _backend, vocabulary: 10);
        Assert.Throws<CoppiceException>(() => new TextGenerator(model, Characters));
        var small = CharacterTrainer.Train(["abc"]);
        using var generator = new TextGenerator(model, small);
        foreach (var options in new[]
        {
            Greedy with { MaxTokens = 0 }, Greedy with { Temperature = -1 }, Greedy with { Temperature = double.NaN }, Greedy with { TopK = -1 },
            Greedy with { TopP = 0 }, Greedy with { TopP = 1.1 }, Greedy with { TopP = double.NaN }, Greedy with { StopStrings = [""] },
        })
        {
            Assert.Equal(ExitCode.Usage, Assert.Throws<CoppiceException>(() => generator.Generate("a", options)).ExitCode);
        }

        model.Parameters["model.norm.weight"].Tensor.CopyFrom(Enumerable.Repeat(float.PositiveInfinity, 12).ToArray());
        Assert.Contains("finite", Assert.Throws<CoppiceException>(() => generator.Generate("a", Greedy)).Message, StringComparison.Ordinal);
    }

    /// <summary>A model whose configuration names no token that ends a text.</summary>
    private static LanguageModel Endless(string name, Backend backend, int vocabulary = 50, int positions = 24, ulong seed = 1) =>
        TinyModels.Create(TinyModels.Configuration(name, vocabulary, positions) with { EndOfText = null }, backend, seed: seed);
}
