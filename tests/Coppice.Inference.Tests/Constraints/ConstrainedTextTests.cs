using System.Text;
using System.Text.Json;
using Coppice.Foundation;
using Coppice.Models;
using Coppice.Models.Tests;
using Coppice.Tensors;
using Coppice.Testing;
using Coppice.Tokenizers;
using Coppice.Tokenizers.Training;

namespace Coppice.Inference.Tests;

public sealed class ConstrainedTextTests : IDisposable
{
    private const string Sample = "{\"name\": \"Grün é日🙂\", \"age\": 12, \"tags\": [\"a\", \"b\"], \"value\": null}, {\"is it\": true, \"date\": \"2024-02-29T10:11:12Z\"}";

    // Tokens of several bytes, some of which are parts of characters; and one that ends a text.
    private static readonly Tokenizer Bytes = BpeTrainer.Train(
        [string.Concat(Enumerable.Repeat(Sample, 20))], new BpeTrainerOptions { VocabularySize = 400, SpecialTokens = ["<|endoftext|>", "<|other|>"], Threads = 1 });

    // Without any.
    private static readonly Tokenizer Characters = CharacterTrainer.Train([new string([.. Enumerable.Range(' ', 95).Select(code => (char)code), '\n'])]);

    private static readonly GenerationOptions Drawn = new() { Temperature = 5, TopP = 1, MaxTokens = 500 };

    private readonly Backend _backend = Backends.Create(threads: 1);

    public void Dispose() => _backend.Dispose();

    [Fact]
    public void A_thousand_random_schemas_never_yield_json_that_they_do_not_describe()
    {
        using var model = TinyModels.Create("llama", _backend, Bytes.VocabularySize, positions: 600);
        using var generator = new TextGenerator(model, Bytes);
        var whole = 0;
        for (var seed = 0UL; seed < 1000; seed++)
        {
            var schema = RandomSchema.Of(seed);
            var result = generator.Generate("x", Drawn with { Seed = seed, Constraint = TextConstraint.JsonSchema(schema) });
            if (result.FinishReason == FinishReason.Stop)
            {
                whole++;
                using var document = JsonDocument.Parse(schema);
                Assert.True(SchemaValidator.IsValid(document.RootElement, result.Text), $"{result.Text} is not what {schema} describes");
            }
            else
            {
                AssertBegins(result.Text);
            }
        }

        Assert.True(whole > 900, $"{whole} were whole");
    }

    [Theory]
    [InlineData("gpt2", 0)]
    [InlineData("llama", 2)]
    public void A_text_keeps_to_a_regular_expression_and_ends_with_it(string name, double temperature)
    {
        const string Regex = @"(Yes|No), (\d{1,3}|[é日]+)[.!]";
        foreach (var tokenizer in new[] { Bytes, Characters })
        {
            using var model = TinyModels.Create(name, _backend, tokenizer.VocabularySize, positions: 600);
            using var generator = new TextGenerator(model, tokenizer);
            var texts = new HashSet<string>();
            for (var seed = 0UL; seed < 30; seed++)
            {
                var result = generator.Generate("x", new GenerationOptions { Temperature = temperature, TopP = 1, Seed = seed, Constraint = TextConstraint.Regex(Regex) });
                if (result.FinishReason == FinishReason.Length) continue;
                Assert.Matches($"^{Regex}$", result.Text);
                Assert.DoesNotContain(result.Tokens, token => tokenizer.SpecialTokens.Values.Contains(token));
                texts.Add(result.Text);
            }

            Assert.NotEmpty(texts);
            if (temperature > 0) Assert.True(texts.Count > 10);
        }
    }

    [Fact]
    public async Task Many_at_once_keep_each_to_their_own()
    {
        using var model = TinyModels.Create("llama", _backend, Bytes.VocabularySize, positions: 600);
        using var engine = new InferenceEngine(model, Bytes);
        var streams = Enumerable.Range(0, 20).Select(i => (
            Regex: $"[a-z]{{{i % 3 + 1},60}} {i % 2}",
            Stream: engine.Generate(engine.Tokenize("x"), Drawn with { Seed = (ulong)i, Constraint = TextConstraint.Regex($"[a-z]{{{i % 3 + 1},60}} {i % 2}") }))).ToList();
        foreach (var (regex, stream) in streams) Assert.Matches($"^{regex}$", (await stream.Completion).Text);
        Assert.Throws<CoppiceException>(() => engine.Generate(engine.Tokenize("x"), Drawn with { Constraint = TextConstraint.Regex("(") }));
    }

    [Fact]
    public void A_text_may_go_on_where_it_may_end_until_the_model_ends_it()
    {
        using var model = TinyModels.Create("gpt2", _backend, Bytes.VocabularySize, positions: 600);
        using var generator = new TextGenerator(model, Bytes);
        var lengths = Enumerable.Range(0, 20).Select(seed => generator.Generate("x", Drawn with { Seed = (ulong)seed, Constraint = TextConstraint.Regex("[0-9]{2,}") })).ToList();
        Assert.All(lengths.Where(result => result.FinishReason == FinishReason.Stop), result => Assert.Matches("^[0-9]{2,}$", result.Text));
        Assert.Contains(lengths, result => result is { FinishReason: FinishReason.Stop, Text.Length: > 2 });
    }

    [Fact]
    public void Tokens_that_end_this_text_alone_come_where_it_may_end_and_nowhere_else()
    {
        using var model = TinyModels.Create("gpt2", _backend, Characters.VocabularySize, positions: 600);
        using var generator = new TextGenerator(model, Characters);
        var options = Drawn with { EndTokens = [Characters.TokenToId("7")!.Value], Constraint = TextConstraint.Regex("[0-9]{3,}") };
        var results = Enumerable.Range(0, 20).Select(seed => generator.Generate("x", options with { Seed = (ulong)seed })).ToList();
        Assert.All(results, result => Assert.DoesNotContain('7', result.Text));
        Assert.All(results, result => Assert.True(result.Text.Length >= 3));
        Assert.Contains(results, result => result.FinishReason == FinishReason.Stop);
    }

    [Fact]
    public void Guessing_ahead_changes_no_constrained_text()
    {
        using var model = TinyModels.Create("llama", _backend, Bytes.VocabularySize, positions: 600);
        using var plain = new TextGenerator(model, Bytes);
        using var generator = new TextGenerator(model, Bytes, new Speculation(new PromptLookup()));
        for (var seed = 0UL; seed < 50; seed++)
        {
            var options = Drawn with { MaxTokens = 100, Seed = seed, Constraint = TextConstraint.JsonSchema(RandomSchema.Of(seed)) };
            Assert.Equal(plain.Generate(Sample, options).Tokens, generator.Generate(Sample, options).Tokens);
        }
    }

    [Fact]
    public void Penalties_biases_and_probabilities_go_with_it()
    {
        using var model = TinyModels.Create("llama", _backend, Characters.VocabularySize, positions: 600);
        using var generator = new TextGenerator(model, Characters);
        var b = Characters.TokenToId("b")!.Value;
        var result = generator.Generate("x", new GenerationOptions
        {
            Temperature = 1, TopK = 2, TopP = 0.9, MinP = 0.01, RepetitionPenalty = 1.3, FrequencyPenalty = 1, LogProbabilities = 2, MaxTokens = 50,
            LogitBias = new Dictionary<int, double> { [b] = 100, [Characters.TokenToId("z")!.Value] = 100 }, Constraint = TextConstraint.Regex("[abc]{8}"),
        });
        Assert.Equal(("bbbbbbbb", 8), (result.Text, result.LogProbabilities.Count));
    }

    [Fact]
    public void A_character_that_no_token_has_is_said()
    {
        using var model = TinyModels.Create("llama", _backend, Characters.VocabularySize, positions: 600);
        using var generator = new TextGenerator(model, Characters);
        Assert.Contains("no token", Assert.Throws<CoppiceException>(() => generator.Generate("x", Drawn with { Constraint = TextConstraint.Regex("aé") })).Message, StringComparison.Ordinal);
        Assert.Contains("empty text", Assert.Throws<CoppiceException>(() => generator.Generate("x", Drawn with { Constraint = TextConstraint.Regex("a{0}") })).Message, StringComparison.Ordinal);
    }

    [SharedDataFact("models/stories260k")]
    public void A_real_model_writes_what_is_asked_for()
    {
        using var model = ModelDirectory.Load(SharedData.At("models/stories260k"), _backend);
        using var generator = new TextGenerator(model, Tokenizer.Load(SharedData.At("models/stories260k")));
        var told = generator.Generate("Once upon a time, there was a", new GenerationOptions { Temperature = 0, Constraint = TextConstraint.Regex(" (big|little) (boy|girl|cat) named [A-Z][a-z]{1,8}\\.") });
        Assert.Matches(@"^ (big|little) (boy|girl|cat) named [A-Z][a-z]{1,8}\.$", told.Text);
        for (var seed = 0UL; seed < 20; seed++)
        {
            var result = generator.Generate("", Drawn with { Temperature = 1, Seed = seed, Constraint = TextConstraint.JsonSchema("""{"properties": {"name": {"type": "string", "maxLength": 20}, "age": {"type": "integer", "minimum": 1, "maximum": 99}}, "required": ["name", "age"]}""") });
            Assert.Equal(FinishReason.Stop, result.FinishReason);
            Assert.InRange(JsonDocument.Parse(result.Text).RootElement.GetProperty("age").GetInt32(), 1, 99);
        }
    }

    /// <summary>What was cut off is the beginning of a JSON text.</summary>
    private static void AssertBegins(string text)
    {
        var reader = new Utf8JsonReader(Encoding.UTF8.GetBytes(text), isFinalBlock: false, new JsonReaderState(new JsonReaderOptions { MaxDepth = 1000 }));
        while (reader.Read())
        {
        }
    }
}
