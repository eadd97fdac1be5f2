using Coppice.Foundation;
using Coppice.Models;
using Coppice.Models.Tests;
using Coppice.Tensors;
using Coppice.Tokenizers;
using Coppice.Tokenizers.Training;

namespace Coppice.Inference.Tests;

/// <summary>Models whose long texts have other positions than short ones (LongRoPE).</summary>
public sealed class LongTextsTests : IDisposable
{
    private const int Short = 20;
    private const int Positions = 64;

    private static readonly Tokenizer Characters = CharacterTrainer.Train(["abcdefghijklmnopqrstuvwxyz .,\n"]);

    private readonly Backend _backend = Backends.Create(threads: 2);
    private readonly LanguageModel _model;

    public LongTextsTests() => _model = TinyModels.Create(
        (LlamaConfiguration)TinyModels.Configuration("phi3", vocabulary: 30, positions: Positions) with
        {
            EndOfText = null,
            RotaryScaling = new LongRopeScaling([1, 1.5], [2, 9], Short, (double)Positions / Short),
        },
        _backend);

    public void Dispose()
    {
        _model.Dispose();
        _backend.Dispose();
    }

    [Theory]
    [InlineData(null)]
    [InlineData("lookup")]
    [InlineData("tree")]
    public void Each_token_is_that_of_the_whole_text_read_anew(string? source)
    {
        var speculation = source is null ? null : new Speculation(source == "tree" ? new TokenRecycling(trees: true) : new PromptLookup(), 6);
        using var generator = new TextGenerator(_model, Characters, speculation);
        // A text that becomes long, a short one after it, and one that is long from the beginning.
        foreach (var (prompt, count) in new[] { ("abcab", 40), ("de", 10), ("a long text that is no short one", 10) })
        {
            var tokens = TextBoundaries.Begin(Characters, prompt).ToList();
            var result = generator.Generate([.. tokens], new GenerationOptions { Temperature = 0, MaxTokens = count });
            Assert.Equal(count, result.Tokens.Count);
            foreach (var token in result.Tokens)
            {
                Assert.Equal(TokenSampler.MostProbable(TinyModels.Logits(_model, [.. tokens]).AsSpan()[^30..]), token);
                tokens.Add(token);
            }
        }
    }

    [Fact]
    public void A_cache_has_the_positions_of_the_texts_that_it_has_room_for()
    {
        var tokens = TinyModels.Tokens(Short + 10, vocabulary: 30);
        Assert.Equal(TinyModels.Logits(_model, tokens)[^30..], Cached(capacity: Positions, tokens), Close);
        Assert.Equal(TinyModels.Logits(_model, tokens[..Short])[^30..], Cached(capacity: Short, tokens[..Short]), Close);
        Assert.NotEqual(TinyModels.Logits(_model, tokens[..Short])[^30..], Cached(capacity: Short + 1, tokens[..Short]), Close);
    }

    [Fact]
    public void A_search_whose_texts_stay_short_finds_what_is_most_probable_in_short_ones()
    {
        using var search = new BeamSearch(_model, Characters);
        using var generator = new TextGenerator(_model, Characters);
        var prompt = TextBoundaries.Begin(Characters, "abcab");
        var greedy = generator.Generate(prompt, new GenerationOptions { Temperature = 0, MaxTokens = 12 });
        Assert.Equal(greedy.Tokens, search.Generate(prompt, new BeamOptions { Beams = 1, MaxTokens = 12 })[0].Result.Tokens);
        Assert.Equal(30, search.Generate(prompt, new BeamOptions { Beams = 3, MaxTokens = 30 })[0].Result.Tokens.Count);
    }

    [Fact]
    public void A_window_is_no_longer_than_short_texts()
    {
        var error = Assert.Throws<CoppiceException>(() => new TextGenerator(_model, Characters, window: new AttentionWindow(Short + 1)));
        Assert.Contains("1 to the model's 20 positions", error.Message, StringComparison.Ordinal);
        using var windowed = new TextGenerator(_model, Characters, window: new AttentionWindow(Short));
        using var plain = new TextGenerator(_model, Characters);
        var options = new GenerationOptions { Temperature = 0, MaxTokens = Short - 4 };
        Assert.Equal(plain.Generate("abc", options).Tokens, windowed.Generate("abc", options).Tokens);
        Assert.Equal(100, windowed.Generate("abc", options with { MaxTokens = 100 }).Tokens.Count);
    }

    private static bool Close(float a, float b) => Math.Abs(a - b) < 1e-4;

    private float[] Cached(int capacity, int[] tokens)
    {
        using var cache = _model.CreateCache(capacity);
        using var tape = new Tape(_backend) { Recording = false };
        var input = new ModelInput(_model);
        input.Set(tape, tokens.AsSpan(0, 7), cache);
        _model.Hidden(tape, input);
        cache.Advance(7);
        input.Set(tape, tokens.AsSpan(7), cache);
        return _model.Logits(tape, _model.Hidden(tape, input)).ToArray()[^30..];
    }
}
