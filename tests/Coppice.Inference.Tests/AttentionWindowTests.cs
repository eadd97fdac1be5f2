using Coppice.Foundation;
using Coppice.Models;
using Coppice.Models.Tests;
using Coppice.Tensors;
using Coppice.Testing;
using Coppice.Tokenizers;
using Coppice.Tokenizers.Training;

namespace Coppice.Inference.Tests;

public sealed class AttentionWindowTests : IDisposable
{
    private const int Vocabulary = 50;

    private static readonly AttentionWindow Window = new(12, Sinks: 3);

    private static readonly Tokenizer Characters = CharacterTrainer.Train(["abcdefghijklmnopqrstuvwxyz .,\n"]);

    private readonly Backend _backend = Backends.Create(threads: 2);

    public void Dispose() => _backend.Dispose();

    [Theory]
    [MemberData(nameof(TinyModels.All), MemberType = typeof(TinyModels))]
    public void What_fits_into_the_window_has_the_logits_that_it_has_without_one(string name)
    {
        using var model = TinyModels.Create(name, _backend, positions: 100);
        using var plain = new DecodingContext(model);
        using var windowed = new DecodingContext(model, new AttentionWindow(90));
        var tokens = TinyModels.Tokens(90);
        Assert.Equal(plain.Append(tokens.AsSpan(0, 20)).ToArray(), windowed.Append(tokens.AsSpan(0, 20)).ToArray());
        for (var i = 20; i < tokens.Length; i++) Assert.Equal(plain.Append(tokens.AsSpan(i, 1)).ToArray(), windowed.Append(tokens.AsSpan(i, 1)).ToArray());
    }

    [Theory]
    [InlineData("llama")]
    [InlineData("llama-untied")]
    [InlineData("mistral")]
    [InlineData("qwen2")]
    [InlineData("qwen3")]
    public void After_that_its_logits_are_those_of_attention_over_the_kept_tokens_by_their_places(string name)
    {
        using var model = TinyModels.Create(name, _backend, positions: 16);
        using var context = new DecodingContext(model, Window);
        var reference = new KeptTokensReference(model);
        foreach (var token in TinyModels.Tokens(80))
        {
            if (reference.Count == Window.Tokens) reference.Forget(Window.Sinks, 1);
            Assert.Equal(reference.Append(token), context.Append([token]).ToArray(), Close);
            Assert.Equal(reference.Count, context.Kept);
        }
    }

    [Theory]
    [InlineData("llama", 3)]
    [InlineData("llama", 0)]
    [InlineData("qwen3", 3)]
    public void A_longer_prompt_is_read_in_pieces_before_each_of_which_as_many_tokens_are_forgotten(string name, int sinks)
    {
        var window = Window with { Sinks = sinks };
        using var model = TinyModels.Create(name, _backend, positions: 16);
        using var context = new DecodingContext(model, window);
        var reference = new KeptTokensReference(model);
        var tokens = TinyModels.Tokens(61);
        float[] expected = [];
        for (var i = 0; i < tokens.Length; i++)
        {
            // A quarter of the 12 or 9 tokens that are no sinks, rounded down; what is left at the end is a piece too.
            var piece = Math.Min(sinks == 0 ? 3 : 2, tokens.Length - i);
            if (i >= window.Tokens && (i - window.Tokens) % window.Piece == 0) reference.Forget(sinks, piece);
            expected = reference.Append(tokens[i]);
        }

        Assert.Equal(expected, context.Append(tokens).ToArray(), Close);

        // And from a new beginning in the same memory.
        context.Clear();
        Assert.Equal(TinyModels.Logits(model, tokens[..5])[(4 * Vocabulary)..], context.Append(tokens.AsSpan(0, 5)).ToArray(), Close);
    }

    [Fact]
    public void With_learned_positions_a_token_keeps_the_place_at_which_it_was_read()
    {
        // In a model of one layer, keys and values depend on the token and its position alone.
        using var model = TinyModels.Create(TinyModels.Configuration("gpt2", Vocabulary, positions: 16) with { Layers = 1 }, _backend);
        using var context = new DecodingContext(model, Window);
        using var tape = new Tape(_backend) { Recording = false };
        var input = new ModelInput(model);
        var kept = new List<(int Token, int Position)>();
        foreach (var token in TinyModels.Tokens(60))
        {
            if (kept.Count == Window.Tokens) kept.RemoveAt(Window.Sinks);
            kept.Add((token, kept.Count));
            input.Set(tape, [.. kept.Select(one => one.Token)], [.. kept.Select(one => one.Position)], [0, kept.Count], training: false);
            var expected = model.Logits(tape, model.Hidden(tape, input)).ToArray()[((kept.Count - 1) * Vocabulary)..];
            tape.Reset();
            Assert.Equal(expected, context.Append([token]).ToArray(), Close);
        }
    }

    [Theory]
    [InlineData("gpt2")]
    [InlineData("llama")]
    public void A_text_of_any_length_takes_the_same_memory(string name)
    {
        using var model = TinyModels.Create(name, _backend, positions: 80);
        using var context = new DecodingContext(model, new AttentionWindow(64));
        context.Append(TinyModels.Tokens(100));
        var capacity = context.Capacity;
        Assert.InRange(capacity, 64, 128);
        foreach (var token in TinyModels.Tokens(1000))
        {
            context.Append([token]);
            Assert.Equal((64, capacity), (context.Kept, context.Capacity));
        }
    }

    [Theory]
    [InlineData("gpt2")]
    [InlineData("llama")]
    public void A_text_goes_on_beyond_the_positions_and_is_the_same_as_long_as_it_is_short(string name)
    {
        using var model = TinyModels.Create(TinyModels.Configuration(name, Vocabulary, 40) with { EndOfText = null }, _backend);
        using var plain = new TextGenerator(model, Characters);
        using var windowed = new TextGenerator(model, Characters, window: new AttentionWindow(40));
        var options = new GenerationOptions { MaxTokens = 37, Seed = 2 };
        Assert.Equal(plain.Generate("abc", options).Tokens, windowed.Generate("abc", options).Tokens);
        var longer = windowed.Generate("abc", options with { MaxTokens = 400 });
        Assert.Equal((400, FinishReason.Length), (longer.Tokens.Count, longer.FinishReason));
        Assert.Equal(longer.Tokens, windowed.Generate("abc", options with { MaxTokens = 400 }).Tokens);
    }

    [Fact]
    public void A_window_that_can_not_be_is_one_line_for_the_user()
    {
        using var model = TinyModels.Create("llama", _backend, positions: 16);
        foreach (var window in new[] { new AttentionWindow(17), new AttentionWindow(0), new AttentionWindow(8, 8), new AttentionWindow(8, -1) })
        {
            Assert.Equal(ExitCode.Usage, Assert.Throws<CoppiceException>(() => new TextGenerator(model, Characters, window: window)).ExitCode);
        }

        Assert.Contains("guesses", Assert.Throws<CoppiceException>(() => new TextGenerator(model, Characters, new Speculation(new PromptLookup()), Window)).Message, StringComparison.Ordinal);
        using var encoder = TinyModels.Create("bert", _backend);
        Assert.Contains("encoder", Assert.Throws<CoppiceException>(() => new DecodingContext(encoder, Window)).Message, StringComparison.Ordinal);
    }

    [SharedDataFact("models/stories260k")]
    public void A_trained_model_reads_beyond_its_positions_as_well_as_before()
    {
        using var model = ModelDirectory.Load(SharedData.At("models/stories260k"), _backend);
        var tokenizer = Tokenizer.Load(SharedData.At("models/stories260k"));
        using var generator = new TextGenerator(model, tokenizer);
        var story = generator.Generate("", new GenerationOptions { Temperature = 0, MaxTokens = 200 }).Tokens;
        // What leaves the window has nothing to say: the same story again and again, each longer than the window.
        int[] text = [tokenizer.BeginOfText!.Value, .. Enumerable.Repeat(story, 6).SelectMany(tokens => tokens)];
        Assert.True(text.Length > 2 * model.Configuration.MaxPositions);
        using var context = new DecodingContext(model, new AttentionWindow(128));
        var losses = new List<double>();
        for (var i = 0; i + 1 < text.Length; i++) losses.Add(-TokenLogProbabilities.Of(context.Append([text[i]]), text[i + 1], 0).LogProbability);
        var (second, last) = (losses.Skip(200).Take(200).Average(), losses.Skip(1000).Average());
        Assert.Equal(second, last, 0.05);
    }

    private static bool Close(float a, float b) => Math.Abs(a - b) < 1e-4;
}
