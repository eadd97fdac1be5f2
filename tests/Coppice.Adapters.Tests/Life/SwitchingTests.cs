using Coppice.Foundation;
using Coppice.Inference;
using Coppice.Models;
using Coppice.Models.Tests;
using Coppice.Tensors;
using Coppice.Tokenizers;
using Coppice.Tokenizers.Training;

namespace Coppice.Adapters.Tests.Life;

/// <summary>One base in memory, and each request with the adapter that it names.</summary>
public sealed class SwitchingTests : IDisposable
{
    private static readonly Tokenizer Characters = CharacterTrainer.Train(["abcdefghijklmnopqrstuvwxyz .,\n"]);
    private static readonly GenerationOptions Greedy = new() { Temperature = 0, MaxTokens = 16 };

    private readonly Backend _backend = Backends.Create(threads: 2);

    // A backend computes for one at a time.
    private readonly Backend _engineBackend = Backends.Create(threads: 2);

    public void Dispose()
    {
        _backend.Dispose();
        _engineBackend.Dispose();
    }

    [Theory]
    [InlineData("gpt2", "lora", "ia3")]
    [InlineData("llama", "lora", "lora")]
    [InlineData("llama", "dora", "layers")]
    public async Task Interleaved_requests_get_what_each_gets_alone_with_its_adapter(string architecture, string first, string second)
    {
        using var alone = Open(architecture, first, second, _backend);
        using var served = Open(architecture, first, second, _engineBackend);
        using var engine = new InferenceEngine(served.Model, Characters, new EngineOptions { MaxSequences = 4, PromptTokensPerPass = 7 }, variants: served);
        string?[] order = ["a", null, "b", "b", "a", null, "a", "b", null, null, "b", "a"];
        var requests = order.Select((variant, i) => (Variant: variant, Prompt: $"the same beginning, {i / 3}", Options: Greedy with { MaxTokens = 8 + i })).ToList();
        var streams = requests.Select(request => engine.Generate(engine.Tokenize(request.Prompt), request.Options, request.Variant)).ToList();
        for (var i = 0; i < requests.Count; i++)
        {
            alone.Use(requests[i].Variant);
            using var generator = new TextGenerator(alone.Model, Characters);
            Assert.Equal(generator.Generate(requests[i].Prompt, requests[i].Options).Tokens, (await streams[i].Completion).Tokens);
        }

        // The test could not fail if all wrote the same.
        var texts = new List<string>();
        foreach (var variant in new[] { null, "a", "b" })
        {
            var results = await Task.WhenAll("the quick brown fox jumps over".Split(' ').Select(word => engine.Generate(engine.Tokenize(word), Greedy, variant).Completion));
            texts.Add(string.Concat(results.Select(result => result.Text)));
        }

        Assert.Equal(3, texts.Distinct().Count());
    }

    [Fact]
    public async Task Keys_and_values_of_a_beginning_are_shared_within_an_adapter_alone()
    {
        using var served = Open("llama", "lora", "lora", _engineBackend);
        using var engine = new InferenceEngine(served.Model, Characters, new EngineOptions { MaxSequences = 6 }, variants: served);
        var prompt = engine.Tokenize("a beginning that all have in common");
        var shared = new List<int>();
        foreach (var variant in new[] { "a", "b", null, "a", "b", null })
        {
            var stream = engine.Generate(prompt, Greedy, variant);
            await stream.Completion;
            shared.Add(stream.SharedPromptTokens);
        }

        var most = prompt.Length - 1;
        Assert.Equal([0, 0, 0, most, most, most], shared);
    }

    [Fact]
    public async Task A_text_that_is_long_under_way_does_not_hold_up_another_adapters()
    {
        using var served = Open("llama", "lora", "lora", _engineBackend);
        using var engine = new InferenceEngine(served.Model, Characters, new EngineOptions { MaxSequences = 2 }, variants: served);
        using var cancellation = new CancellationTokenSource();
        var endless = engine.Generate(engine.Tokenize("on and on"), Greedy with { MaxTokens = 200 }, "a", cancellation.Token);
        await foreach (var _ in endless) break;
        await engine.Generate(engine.Tokenize("short"), Greedy with { MaxTokens = 3 }, "b").Completion;
        Assert.False(endless.Completion.IsCompleted);
        await cancellation.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => endless.Completion);
    }

    [Fact]
    public async Task Texts_are_embedded_with_the_adapter_that_they_name()
    {
        using var alone = Open("bert", "lora", "ia3", _backend);
        using var served = Open("bert", "lora", "ia3", _engineBackend);
        using var engine = new InferenceEngine(served.Model, Characters, variants: served);
        var vectors = new List<float[]>();
        foreach (var variant in new[] { "a", null, "b", "a" })
        {
            alone.Use(variant);
            using var embedder = new TextEmbedder(alone.Model, Characters, normalize: true);
            vectors.Add(await engine.EmbedAsync(engine.TokenizeWhole("some text"), variant));
            Assert.Equal(embedder.Embed(["some text"])[0], vectors[^1], (x, y) => Math.Abs(x - y) < 1e-6);
        }

        Assert.Equal(vectors[0], vectors[3]);
        Assert.NotEqual(vectors[0], vectors[1]);
        Assert.NotEqual(vectors[0], vectors[2]);
    }

    [Fact]
    public void An_adapter_that_is_not_there_is_refused_with_the_nearest_name()
    {
        using var served = Open("llama", "lora", "lora", _engineBackend);
        served.Add("translator", AdaptedModel.Settings("lora"), seed: 1);
        using var engine = new InferenceEngine(served.Model, Characters, variants: served);
        Assert.Contains("did you mean 'translator'", Assert.Throws<CoppiceException>(() => engine.Generate([1], Greedy, "translater")).Message, StringComparison.Ordinal);
        using var plain = new InferenceEngine(served.Model, Characters);
        Assert.Throws<CoppiceException>(() => { _ = plain.EmbedAsync([1], "a"); });
    }

    private static Opened Open(string architecture, string first, string second, Backend backend)
    {
        var model = TinyModels.Create(TinyModels.Configuration(architecture, Characters.VocabularySize, 256) with { EndOfText = null, BeginOfText = null }, backend);
        var opened = new Opened(model);
        foreach (var (name, method, seed) in new[] { ("a", first, 1UL), ("b", second, 2UL) })
        {
            var adapter = opened.Add(name, AdaptedModel.Settings(method), seed);
            foreach (var parameter in adapter.Parameters.Parameters)
            {
                var random = new Philox(seed, (ulong)parameter.Offset);
                parameter.Tensor.CopyFrom([.. parameter.Tensor.ToArray().Select((value, i) => value + 0.5f * random.Normal((ulong)i))]);
            }
        }

        return opened;
    }

    /// <summary>A set with the model that it stands on.</summary>
    private sealed class Opened(LanguageModel model) : IModelVariants
    {
        private readonly AdapterSet _set = new(model);

        public LanguageModel Model => model;

        public IReadOnlyCollection<string> Names => _set.Names;

        public Adapter Add(string name, AdapterSettings settings, ulong seed) => _set.Add(name, settings, seed);

        public void Use(string? name) => _set.Use(name);

        public void Dispose()
        {
            _set.Dispose();
            model.Dispose();
        }
    }
}
