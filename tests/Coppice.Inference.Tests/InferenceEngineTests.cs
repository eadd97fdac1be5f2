using Coppice.Foundation;
using Coppice.Models;
using Coppice.Models.Tests;
using Coppice.Tensors;
using Coppice.Testing;
using Coppice.Tokenizers;
using Coppice.Tokenizers.Training;

namespace Coppice.Inference.Tests;

public sealed class InferenceEngineTests : IDisposable
{
    private const string Letters = "abcdefghijklmnopqrstuvwxyz .,\n";

    private static readonly Tokenizer Characters = CharacterTrainer.Train([Letters]);
    private static readonly GenerationOptions Greedy = new() { Temperature = 0, MaxTokens = 20 };

    private readonly Backend _backend = Backends.Create(threads: 2);

    // The engine's own, since a backend computes for one at a time.
    private readonly Backend _engineBackend = Backends.Create(threads: 2);

    public void Dispose()
    {
        _backend.Dispose();
        _engineBackend.Dispose();
    }

    [Theory]
    [InlineData("gpt2", 5)]
    [InlineData("llama", 256)]
    [InlineData("mistral", 3)]
    public async Task Many_at_once_get_the_texts_that_each_gets_alone(string name, int promptTokensPerPass)
    {
        using var model = Endless(name, _backend);
        using var generator = new TextGenerator(model, Characters);
        using var served = Endless(name, _engineBackend);
        using var engine = new InferenceEngine(served, Characters, new EngineOptions { MaxSequences = 3, PromptTokensPerPass = promptTokensPerPass });
        var requests = Enumerable.Range(0, 12).Select(i => (Prompt: Prompt(i, 3 * i + 1), Options: i % 3 == 0
            ? Greedy with { MaxTokens = 5 + i }
            : new GenerationOptions { Seed = (ulong)i, Temperature = 1, MaxTokens = 30 - i, StopStrings = i % 2 == 0 ? ["e"] : [], RepetitionPenalty = i % 4 == 1 ? 1.3 : 1 })).ToList();
        var streams = requests.Select(request => engine.Generate(engine.Tokenize(request.Prompt), request.Options)).ToList();
        for (var i = 0; i < requests.Count; i++)
        {
            var result = await streams[i].Completion;
            var alone = generator.Generate(requests[i].Prompt, requests[i].Options);
            Assert.Equal((alone.Text, alone.FinishReason, alone.PromptTokens), (result.Text, result.FinishReason, result.PromptTokens));
            Assert.Equal(alone.Tokens, result.Tokens);
        }

        Assert.Equal((0L, 0L), (engine.Metrics.Waiting, engine.Metrics.Running));
        Assert.Equal(12, engine.Metrics.Finished(RequestEnd.Stop) + engine.Metrics.Finished(RequestEnd.Length));
        Assert.Equal(12, engine.Metrics.TimeToFirstToken.Read().Count);
    }

    [Fact]
    public async Task A_shared_beginning_is_computed_once_and_changes_no_text()
    {
        using var model = Endless("llama", _backend);
        using var generator = new TextGenerator(model, Characters);
        using var served = Endless("llama", _engineBackend);
        using var engine = new InferenceEngine(served, Characters, new EngineOptions { MaxSequences = 2 });
        const string Beginning = "a long beginning that all of the prompts have in common, ";
        var shared = new List<int>();
        foreach (var prompt in new[] { Beginning + "one", Beginning + "another", "something else", Beginning + "one", Beginning, Beginning + "one and more" })
        {
            var stream = engine.Generate(engine.Tokenize(prompt), Greedy);
            Assert.Equal(generator.Generate(prompt, Greedy).Tokens, (await stream.Completion).Tokens);
            shared.Add(stream.SharedPromptTokens);
        }

        Assert.Equal(0, shared[0]);
        Assert.Equal(Beginning.Length, shared[1]);
        // The last token is computed in any case: its logits are wanted.
        Assert.Equal(Beginning.Length - 1, shared[4]);
        Assert.True(shared[5] >= Beginning.Length);
        Assert.Equal(shared.Sum(), engine.Metrics.SharedPromptTokens);
    }

    [Fact]
    public async Task A_running_text_lends_its_beginning()
    {
        using var served = Endless("gpt2", _engineBackend);
        using var engine = new InferenceEngine(served, Characters, new EngineOptions { MaxSequences = 2 });
        using var cancellation = new CancellationTokenSource();
        var first = engine.Generate(engine.Tokenize("the beginning of it"), Greedy with { MaxTokens = 90 }, cancellation.Token);
        await foreach (var _ in first) break;
        var second = engine.Generate(engine.Tokenize("the beginning of that"), Greedy with { MaxTokens = 1 });
        await second.Completion;
        Assert.Equal("the beginning of ".Length, second.SharedPromptTokens);
    }

    [Fact]
    public async Task Pieces_are_the_text_and_carry_the_probabilities()
    {
        using var served = Endless("llama", _engineBackend);
        using var engine = new InferenceEngine(served, Characters);
        var stream = engine.Generate(engine.Tokenize("ab"), new GenerationOptions { Seed = 3, MaxTokens = 25, LogProbabilities = 3, StopStrings = ["zzzz"] });
        var (text, tokens) = ("", new List<int>());
        await foreach (var piece in stream)
        {
            text += piece.Text;
            tokens.AddRange(piece.LogProbabilities.Select(probable => probable.Token));
            Assert.All(piece.LogProbabilities, probable => Assert.Equal(3, probable.Top.Count));
        }

        var result = await stream.Completion;
        Assert.Equal((result.Text, 25), (text, result.Tokens.Count));
        Assert.Equal(result.Tokens, tokens);
        Assert.Equal(result.Tokens, result.LogProbabilities.Select(probable => probable.Token));
        Assert.All(result.LogProbabilities, probable => Assert.True(probable.LogProbability <= probable.Top[0].LogProbability && probable.LogProbability < 0));
    }

    [Fact]
    public async Task A_cancelled_text_makes_room_for_the_next()
    {
        using var served = Endless("llama", _engineBackend, positions: 4000);
        using var engine = new InferenceEngine(served, Characters, new EngineOptions { MaxSequences = 1 });
        using var running = new CancellationTokenSource();
        using var waiting = new CancellationTokenSource();
        var first = engine.Generate(engine.Tokenize("a"), Greedy with { MaxTokens = 100_000 }, running.Token);
        var second = engine.Generate(engine.Tokenize("b"), Greedy, waiting.Token);
        var third = engine.Generate(engine.Tokenize("c"), Greedy);
        waiting.Cancel();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => second.Completion);
        await foreach (var _ in first) break;
        running.Cancel();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => first.Completion);
        await Assert.ThrowsAnyAsync<OperationCanceledException>(async () =>
        {
            await foreach (var _ in first)
            {
            }
        });
        Assert.Equal(20, (await third.Completion).Tokens.Count);
        Assert.Equal(2, engine.Metrics.Finished(RequestEnd.Cancelled));
    }

    [Fact]
    public async Task A_text_ends_where_the_context_does()
    {
        using var served = Endless("llama", _engineBackend, positions: 64);
        using var engine = new InferenceEngine(served, Characters, new EngineOptions { ContextTokens = 16 });
        Assert.Equal(16, engine.ContextTokens);
        var result = await engine.Generate(engine.Tokenize("abcdefghij"), Greedy).Completion;
        // The last token is drawn but never read.
        Assert.Equal((7, FinishReason.Length), (result.Tokens.Count, result.FinishReason));
        Assert.Single((await engine.Generate(engine.Tokenize("abcdefghijklmnop"), Greedy).Completion).Tokens);
        Assert.Contains("17 tokens", Assert.Throws<CoppiceException>(() => engine.Generate(engine.Tokenize("abcdefghijklmnopq"), Greedy)).Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Too_many_that_wait_are_refused_at_once()
    {
        using var served = Endless("llama", _engineBackend, positions: 4000);
        using var engine = new InferenceEngine(served, Characters, new EngineOptions { MaxSequences = 1, MaxQueue = 2 });
        using var cancellation = new CancellationTokenSource();
        var running = engine.Generate(engine.Tokenize("a"), Greedy with { MaxTokens = 100_000 }, cancellation.Token);
        await foreach (var _ in running) break;
        var waiting = new[] { engine.Generate(engine.Tokenize("b"), Greedy), engine.Generate(engine.Tokenize("c"), Greedy) };
        Assert.Throws<EngineBusyException>(() => engine.Generate(engine.Tokenize("d"), Greedy));
        Assert.Equal((2L, 1L, 1L), (engine.Metrics.Waiting, engine.Metrics.Running, engine.Metrics.Rejected));
        cancellation.Cancel();
        foreach (var stream in waiting) await stream.Completion;
        Assert.Equal((0L, 0L), (engine.Metrics.Waiting, engine.Metrics.Running));
    }

    [Fact]
    public async Task Closing_finishes_what_was_asked_for_and_disposing_does_not()
    {
        using var served = Endless("llama", _engineBackend, positions: 4000);
        var engine = new InferenceEngine(served, Characters, new EngineOptions { MaxSequences = 1 });
        var streams = Enumerable.Range(0, 3).Select(i => engine.Generate(engine.Tokenize("abc"[i..]), Greedy)).ToList();
        await engine.CloseAsync();
        Assert.All(streams, stream => Assert.True(stream.Completion.IsCompletedSuccessfully));
        Assert.Throws<EngineClosedException>(() => engine.Generate(engine.Tokenize("a"), Greedy));
        engine.Dispose();

        var other = new InferenceEngine(served, Characters, new EngineOptions { MaxSequences = 1 });
        var endless = Enumerable.Range(0, 2).Select(_ => other.Generate(other.Tokenize("a"), Greedy with { MaxTokens = 100_000 })).ToList();
        var embedding = other.EmbedAsync(other.Tokenize("a"));
        other.Dispose();
        foreach (var stream in endless) await Assert.ThrowsAnyAsync<OperationCanceledException>(() => stream.Completion);
        Assert.True(embedding.IsCompleted);
    }

    [Fact]
    public async Task An_embedding_is_the_normalised_mean_of_the_hidden_states()
    {
        using var model = Endless("llama", _backend);
        using var served = Endless("llama", _engineBackend);
        using var engine = new InferenceEngine(served, Characters);
        var tokens = engine.Tokenize("some text");
        var hidden = TinyModels.Hidden(model, tokens);
        var width = model.Configuration.HiddenSize;
        var mean = Enumerable.Range(0, width).Select(column => Enumerable.Range(0, tokens.Length).Average(row => (double)hidden[row * width + column])).ToArray();
        var length = Math.Sqrt(mean.Sum(x => x * x));
        Assert.Equal(mean.Select(x => (float)(x / length)), await engine.EmbedAsync(tokens), (a, b) => Math.Abs(a - b) < 1e-5);
    }

    [Fact]
    public async Task An_encoder_gives_embeddings_of_texts_of_any_length_and_continues_none()
    {
        using var model = TinyModels.Create("bert", _backend);
        using var embedder = new TextEmbedder(model, Characters, normalize: true);
        using var served = TinyModels.Create("bert", _engineBackend);
        using var engine = new InferenceEngine(served, Characters, new EngineOptions { ContextTokens = 60 });
        Assert.Equal((0, 24), (engine.MaxSequences, engine.ContextTokens));
        foreach (var text in new[] { "some text", new string('a', 60) }) Assert.Equal(embedder.Embed([text])[0], await engine.EmbedAsync(engine.TokenizeWhole(text)), (a, b) => Math.Abs(a - b) < 1e-6);
        Assert.Equal(ExitCode.Usage, (await Assert.ThrowsAsync<CoppiceException>(() => engine.EmbedAsync(engine.TokenizeWhole(new string('a', 61))))).ExitCode);
        var error = Assert.Throws<CoppiceException>(() => engine.Generate(engine.Tokenize("a"), Greedy));
        Assert.Equal(ExitCode.Usage, error.ExitCode);
        Assert.Contains("is an encoder", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_damaged_model_fails_its_requests_and_the_engine_goes_on()
    {
        using var served = Endless("llama", _engineBackend);
        served.Parameters["model.norm.weight"].Tensor.CopyFrom(Enumerable.Repeat(float.PositiveInfinity, 12).ToArray());
        using var engine = new InferenceEngine(served, Characters);
        for (var i = 0; i < 2; i++)
        {
            var error = await Assert.ThrowsAsync<CoppiceException>(() => engine.Generate(engine.Tokenize("a"), Greedy).Completion);
            Assert.Contains("finite", error.Message, StringComparison.Ordinal);
        }

        Assert.Equal(2, engine.Metrics.Finished(RequestEnd.Failed));
    }

    [Fact]
    public void What_can_not_be_served_is_said_in_one_line()
    {
        using var served = Endless("llama", _engineBackend);
        Assert.Contains("MiB", Assert.Throws<CoppiceException>(() => new InferenceEngine(served, Characters, new EngineOptions { CacheBytes = 100 })).Message, StringComparison.Ordinal);
        Assert.Throws<CoppiceException>(() => new InferenceEngine(served, Characters, new EngineOptions { MaxQueue = 0 }));
        using var engine = new InferenceEngine(served, Characters, new EngineOptions { CacheBytes = 4 * 2 * 100 * 12 * 4 * 3 });
        Assert.Equal(6, engine.MaxSequences);
        Assert.Throws<CoppiceException>(() => engine.Generate([], Greedy));
        Assert.Throws<CoppiceException>(() => engine.Generate([Characters.VocabularySize], Greedy));
        Assert.Throws<CoppiceException>(() => engine.Generate([-1], Greedy));
        Assert.Throws<CoppiceException>(() => engine.Generate([0], Greedy with { TopP = 0 }));
    }

    [SharedDataFact("models/stories260k")]
    public async Task A_real_model_tells_the_same_stories_to_many_as_to_one()
    {
        using var model = ModelDirectory.Load(SharedData.At("models/stories260k"), _backend);
        using var generator = new TextGenerator(model, Tokenizer.Load(SharedData.At("models/stories260k")));
        using var engine = InferenceEngine.Load(SharedData.At("models/stories260k"), threads: 2);
        string[] prompts = ["Once upon a time", "Once upon a time, there was a dog", "Lily", "", "The sun"];
        var streams = prompts.Select((prompt, i) => engine.Generate(engine.Tokenize(prompt), Options(i))).ToList();
        for (var i = 0; i < prompts.Length; i++) Assert.Equal(generator.Generate(prompts[i], Options(i)).Text, (await streams[i].Completion).Text);

        static GenerationOptions Options(int i) => new() { MaxTokens = 60, Seed = (ulong)i, Temperature = i % 2 == 0 ? 0 : 0.8 };
    }

    private static string Prompt(int seed, int length)
    {
        var random = new Philox((ulong)seed, 5);
        return new string([.. Enumerable.Range(0, length).Select(i => Letters[random.Integer((ulong)i, Letters.Length)])]);
    }

    /// <summary>A model whose configuration names no token that ends a text.</summary>
    private static LanguageModel Endless(string name, Backend backend, int positions = 100) =>
        TinyModels.Create(TinyModels.Configuration(name, positions: positions) with { EndOfText = null }, backend);
}
