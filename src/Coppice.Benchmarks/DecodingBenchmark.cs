using System.Diagnostics;
using System.Text;
using Coppice.Inference;
using Coppice.Tensors;
using Coppice.Tokenizers;
using Coppice.Tokenizers.Training;

namespace Coppice.Benchmarks;

/// <summary>What guessing ahead brings on a text that repeats itself, and what a constraint costs.</summary>
/// <param name="Parameters">Parameters of the model.</param>
/// <param name="Vocabulary">Tokens of the tokenizer.</param>
/// <param name="TokensPerSecond">Speed of the text, a token at a time; median.</param>
/// <param name="Guessed">The same text with guesses, by the most tokens that are guessed at a time.</param>
/// <param name="SampledTokensPerSecond">Speed of a text that is drawn; median.</param>
/// <param name="ConstrainedTokensPerSecond">Speed of one that is held to a JSON schema; median.</param>
/// <param name="ConstraintShare">The constraint's share of the time of a token.</param>
/// <param name="ReadyMilliseconds">What it takes once for a vocabulary and a schema, first token included.</param>
public sealed record DecodingResult(
    long Parameters, int Vocabulary, double TokensPerSecond, IReadOnlyList<GuessedResult> Guessed, double SampledTokensPerSecond, double ConstrainedTokensPerSecond, double ConstraintShare, double ReadyMilliseconds);

/// <summary>A text with guesses.</summary>
/// <param name="DraftTokens">The most tokens that are guessed at a time.</param>
/// <param name="TokensPerSecond">Speed; median.</param>
/// <param name="TokensPerPass">Tokens for each pass through the model.</param>
/// <param name="Speedup">Speed over that of a token at a time.</param>
public sealed record GuessedResult(int DraftTokens, double TokensPerSecond, double TokensPerPass, double Speedup);

/// <summary>Generation with guesses and with constraints, on a model of random weights and a vocabulary of made-up words. What is compared is measured in turn.</summary>
public static class DecodingBenchmark
{
    private const int Tokens = 49;
    private const int Rounds = 5;
    private const int Words = 60_000;
    private const string Prompt = "one two three one two three one two three one two three";

    // A list so long that no text comes to its end.
    private const string Schema = """
        {"type": "array", "minItems": 500, "items": {"type": "object", "required": ["name", "city"], "properties": {
            "name": {"type": "string"}, "age": {"type": "integer"}, "city": {"type": "string"}, "tags": {"type": "array", "items": {"type": "string"}}}}}
        """;

    private static readonly int[] DraftTokens = [1, Speculation.ExactTokens, 4, 8, 16];

    /// <summary>Measures.</summary>
    /// <param name="shape">The model; batch is not used.</param>
    public static DecodingResult Run(TrainShape shape)
    {
        var tokenizer = BpeTrainer.Train([MadeUpText()], new BpeTrainerOptions { VocabularySize = shape.Vocab });
        using var backend = Backends.Create(shape.Threads);
        var longest = Math.Max(shape.Sequence, 4 * Tokens + Prompt.Length);
        using var model = TrainBenchmark.Configure(shape with { Vocab = Math.Max(shape.Vocab, tokenizer.VocabularySize), Sequence = longest }).Create(backend, trainable: false);
        model.Initialize(1);
        using var plain = new TextGenerator(model, tokenizer);
        // As random weights go, the most probable token is the one before or one of a few that come round again: a text that repeats itself.
        var greedy = new GenerationOptions { Temperature = 0, MaxTokens = Tokens };
        var guesses = DraftTokens.Select(most => new Speculation(new PromptLookup(), most)).ToList();
        var generators = guesses.Select(guess => new TextGenerator(model, tokenizer, guess)).ToList();
        var speeds = Measure([plain, .. generators], [.. Enumerable.Repeat(greedy, 1 + generators.Count)]);
        var guessed = guesses.Select((guess, i) => new GuessedResult(DraftTokens[i], speeds[i + 1], 1 + (double)guess.Accepted / guess.Passes, speeds[i + 1] / speeds[0])).ToList();
        foreach (var generator in generators) generator.Dispose();

        var sampled = new GenerationOptions { Temperature = 1, TopP = 1, MaxTokens = Tokens };
        var constrained = sampled with { Constraint = TextConstraint.JsonSchema(Schema) };
        var start = Stopwatch.GetTimestamp();
        plain.Generate(Prompt, constrained with { MaxTokens = 1 });
        var ready = Stopwatch.GetElapsedTime(start).TotalMilliseconds;
        var drawn = Measure([plain, plain], [sampled, constrained]);
        return new DecodingResult(model.Parameters.Count, tokenizer.VocabularySize, speeds[0], guessed, drawn[0], drawn[1], 1 - drawn[1] / drawn[0], ready);
    }

    /// <summary>Tokens per second of several ways to generate, each after the other, round by round; the first round warms up.</summary>
    private static double[] Measure(IReadOnlyList<TextGenerator> generators, IReadOnlyList<GenerationOptions> options)
    {
        var seconds = generators.Select(_ => new List<double>()).ToArray();
        for (var round = 0; round <= Rounds; round++)
        {
            for (var i = 0; i < generators.Count; i++)
            {
                var start = Stopwatch.GetTimestamp();
                var result = generators[i].Generate(Prompt, options[i] with { Seed = (ulong)round });
                if (round > 0) seconds[i].Add(Stopwatch.GetElapsedTime(start).TotalSeconds / Math.Max(1, result.Tokens.Count));
            }
        }

        return [.. seconds.Select(times => 1 / times.Order().ElementAt(Rounds / 2))];
    }

    /// <summary>Words of syllables, frequent ones more often, between the signs of JSON: a vocabulary has tokens such as <c>","</c> then.</summary>
    private static string MadeUpText()
    {
        string[] syllables = ["ba", "de", "fi", "go", "ku", "la", "me", "ni", "po", "ru", "sa", "te", "vi", "zo", "an", "er", "in", "on", "st", "ch"];
        var random = new Philox(1, 1);
        var text = new StringBuilder();
        for (var i = 0UL; i < Words; i++)
        {
            var number = (int)Math.Pow(4e5, random.Uniform(i));
            for (var rest = number; rest > 0; rest /= syllables.Length) text.Append(syllables[rest % syllables.Length]);
            text.Append((i % 12) switch { 3 => "\": \"", 5 => "\", \"", 7 => "\"},\n{\"", 9 => ". ", 11 => ", ", _ => " " });
        }

        return text.ToString();
    }
}
