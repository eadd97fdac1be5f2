using Coppice.Foundation;
using Coppice.Models;
using Coppice.Models.Tests;
using Coppice.Tensors;
using Coppice.Testing;
using Coppice.Tokenizers;
using Coppice.Tokenizers.Training;

namespace Coppice.Inference.Tests;

public sealed class BeamSearchTests : IDisposable
{
    private static readonly Tokenizer Letters = CharacterTrainer.Train(["abcd"], ["<eos>"]);

    private readonly Backend _backend = Backends.Create(threads: 2);

    public static TheoryData<string, double, string> Exact => new()
    {
        { "gpt2", 0, "" },
        { "gpt2", 1, "" },
        { "gpt2", -0.7, "" },
        { "llama", 2, "" },
        { "llama", 1, "ba" },
        { "qwen3", 0, "c" },
    };

    public void Dispose() => _backend.Dispose();

    [Theory]
    [MemberData(nameof(Exact))]
    public void As_many_beams_as_there_are_texts_find_them_all_in_their_order(string name, double penalty, string stop)
    {
        using var model = Model(name);
        using var search = new BeamSearch(model, Letters);
        var options = new BeamOptions { Beams = 1000, LengthPenalty = penalty, MaxTokens = 4, StopStrings = stop.Length > 0 ? [stop] : [], LogProbabilities = 0 };
        var expected = new List<(int[] Tokens, double LogProbability, double Score, FinishReason Reason)>();
        Enumerate(model, Encode("ab"), [], 0, expected, stop, penalty, most: 4);
        var found = search.Generate("ab", options);
        Assert.Equal(expected.Count, found.Count);
        foreach (var (one, beam) in expected.OrderByDescending(text => text.Score).Zip(found))
        {
            Assert.Equal(one.Tokens, beam.Result.Tokens);
            Assert.Equal(one.Reason, beam.Result.FinishReason);
            Assert.Equal(one.LogProbability, beam.LogProbability, 1e-4);
            Assert.Equal(one.Score, beam.Score, 1e-4);
            Assert.Equal(Text(one.Tokens, stop), beam.Result.Text);
            // What is missing is the token that ended it.
            Assert.True(beam.Result.LogProbabilities.Sum(probable => probable.LogProbability) >= beam.LogProbability - 1e-4);
        }
    }

    [Theory]
    [InlineData("gpt2")]
    [InlineData("llama")]
    [InlineData("mistral")]
    public void One_beam_is_greedy(string name)
    {
        for (var seed = 1UL; seed <= 8; seed++)
        {
            using var model = Model(name, seed);
            using var search = new BeamSearch(model, Letters);
            using var generator = new TextGenerator(model, Letters);
            foreach (var stops in new string[][] { [], ["ca", "bb"] })
            {
                var expected = generator.Generate("abcabd", new GenerationOptions { Temperature = 0, MaxTokens = 30, StopStrings = stops, LogProbabilities = 2 });
                var found = Assert.Single(search.Generate("abcabd", new BeamOptions { Beams = 1, MaxTokens = 30, StopStrings = stops, LogProbabilities = 2, LengthPenalty = -1 }));
                Assert.Equal((expected.Text, expected.FinishReason, expected.PromptTokens), (found.Result.Text, found.Result.FinishReason, found.Result.PromptTokens));
                Assert.Equal(expected.Tokens, found.Result.Tokens);
                Assert.Equal(expected.LogProbabilities.SelectMany(one => one.Top), found.Result.LogProbabilities.SelectMany(one => one.Top));
            }
        }
    }

    [Theory]
    [InlineData("gpt2", 2)]
    [InlineData("gpt2", 5)]
    [InlineData("llama", 3)]
    [InlineData("mistral", 6)]
    public void Beams_are_those_of_a_search_that_computes_every_text_anew(string name, int beams)
    {
        for (var seed = 1UL; seed <= 4; seed++)
        {
            using var model = Model(name, seed, positions: 90);
            using var search = new BeamSearch(model, Letters);
            // Past the first capacity of the cache, so that it grows with several beams in it.
            var prompt = TinyModels.Tokens(60, vocabulary: 4, seed).Select(token => (char)('a' + token)).ToArray();
            var tokens = Encode(new string(prompt));
            foreach (var penalty in new[] { 0, 1.5 })
            {
                var expected = Naive(model, tokens, beams, penalty, most: 12);
                var found = search.Generate(tokens, new BeamOptions { Beams = beams, LengthPenalty = penalty, MaxTokens = 12 });
                Assert.Equal(expected.Select(text => new string([.. text.Tokens.Select(token => (char)('0' + token))])), found.Select(beam => new string([.. beam.Result.Tokens.Select(token => (char)('0' + token))])));
                Assert.Equal(expected.Select(text => text.Score), found.Select(beam => beam.Score), (a, b) => Math.Abs(a - b) < 1e-4);
            }
        }
    }

    [Fact]
    public void Texts_keep_to_a_form_and_have_the_probabilities_of_the_model()
    {
        using var model = Model("llama");
        using var search = new BeamSearch(model, Letters);
        var found = search.Generate("ab", new BeamOptions { Beams = 50, LengthPenalty = 0, Constraint = TextConstraint.Regex("(ab|ba|dd)c?") });
        Assert.Equal(["ab", "abc", "ba", "bac", "dd", "ddc"], found.Select(beam => beam.Result.Text).Order(StringComparer.Ordinal));
        Assert.All(found, beam => Assert.Equal(FinishReason.Stop, beam.Result.FinishReason));
        foreach (var beam in found)
        {
            // A text to which nothing can be added needs no token that ends it.
            int[] tokens = beam.Result.Text.Length == 3 ? [.. beam.Result.Tokens] : [.. beam.Result.Tokens, Letters.EndOfText!.Value];
            Assert.Equal(LogProbability(model, Encode("ab"), tokens), beam.LogProbability, 1e-4);
        }

        Assert.Equal(found.Select(beam => beam.LogProbability).OrderDescending(), found.Select(beam => beam.Score));
    }

    [Fact]
    public void Prompt_and_text_share_the_positions()
    {
        using var model = Endless(positions: 10);
        using var search = new BeamSearch(model, Letters);
        var options = new BeamOptions { Beams = 3, MaxTokens = 100 };
        Assert.All(search.Generate("abcabc", options), beam => Assert.Equal((5, FinishReason.Length), (beam.Result.Tokens.Count, beam.Result.FinishReason)));
        Assert.All(search.Generate("abcabcabca", options), beam => Assert.Single(beam.Result.Tokens));
        Assert.Contains("10 positions", Assert.Throws<CoppiceException>(() => search.Generate("abcabcabcab", options)).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void What_can_not_be_done_is_one_line_for_the_user()
    {
        using var model = Model("llama");
        using var search = new BeamSearch(model, Letters);
        var options = new BeamOptions { MaxTokens = 3 };
        foreach (var wrong in new[]
        {
            options with { Beams = 0 }, options with { Beams = 1001 }, options with { LengthPenalty = double.NaN }, options with { LengthPenalty = 11 }, options with { MaxTokens = 0 },
            options with { StopStrings = [""] }, options with { LogProbabilities = 21 }, options with { Constraint = TextConstraint.Regex("(") },
        })
        {
            Assert.Equal(ExitCode.Usage, Assert.Throws<CoppiceException>(() => search.Generate("a", wrong)).ExitCode);
        }

        Assert.Equal(ExitCode.Usage, Assert.Throws<CoppiceException>(() => search.Generate([], options)).ExitCode);
        using var encoder = TinyModels.Create("bert", _backend);
        Assert.Contains("encoder", Assert.Throws<CoppiceException>(() => new BeamSearch(encoder, Letters)).Message, StringComparison.Ordinal);
        Assert.Throws<OperationCanceledException>(() => search.Generate("a", options, new CancellationToken(canceled: true)));
        Assert.NotEmpty(search.Generate("a", options));
        model.Parameters["model.norm.weight"].Tensor.CopyFrom(Enumerable.Repeat(float.NaN, 12).ToArray());
        Assert.Contains("finite", Assert.Throws<CoppiceException>(() => search.Generate("a", options)).Message, StringComparison.Ordinal);
    }

    private static int[] Encode(string text)
    {
        var tokens = new List<int>();
        Letters.Encode(text, tokens);
        return [.. tokens];
    }

    /// <summary>A model that ends a text with the tokenizer's token alone.</summary>
    private LanguageModel Model(string name, ulong seed = 1, int positions = 40) =>
        TinyModels.Create(TinyModels.Configuration(name, Letters.VocabularySize, positions) with { EndOfText = null }, _backend, seed: seed);

    /// <summary>A model to which nothing is as improbable as an end.</summary>
    private LanguageModel Endless(int positions)
    {
        var model = Model("gpt2", positions: positions);
        var (embedding, width) = (model.Parameters["transformer.wte.weight"].Tensor, model.Configuration.HiddenSize);
        var values = embedding.ToArray();
        // The head is the embedding, and what it multiplies is nearly all ones.
        values.AsSpan(Letters.EndOfText!.Value * width, width).Fill(-50);
        embedding.CopyFrom(values);
        model.Parameters["transformer.ln_f.weight"].Tensor.CopyFrom(Enumerable.Repeat(0.01f, width).ToArray());
        model.Parameters["transformer.ln_f.bias"].Tensor.CopyFrom(Enumerable.Repeat(1f, width).ToArray());
        return model;
    }

    private static string Text(int[] tokens, string stop)
    {
        var text = Letters.Decode(tokens);
        var place = stop.Length > 0 ? text.IndexOf(stop, StringComparison.Ordinal) : -1;
        return place >= 0 ? text[..place] : text;
    }

    private static double[] NextLogProbabilities(LanguageModel model, int[] tokens)
    {
        var vocabulary = Letters.VocabularySize;
        var logits = TinyModels.Logits(model, tokens)[^vocabulary..];
        var total = Math.Log(logits.Sum(logit => Math.Exp(logit)));
        return [.. logits.Select(logit => logit - total)];
    }

    private static double LogProbability(LanguageModel model, int[] prompt, int[] tokens) =>
        tokens.Select((token, i) => NextLogProbabilities(model, [.. prompt, .. tokens[..i]])[token]).Sum();

    /// <summary>All texts of at most so many tokens.</summary>
    private static void Enumerate(
        LanguageModel model, int[] prompt, int[] tokens, double sum, List<(int[] Tokens, double LogProbability, double Score, FinishReason Reason)> found, string stop, double penalty, int most)
    {
        var next = NextLogProbabilities(model, [.. prompt, .. tokens]);
        var divisor = Math.Pow(tokens.Length + 1, penalty);
        for (var token = 0; token < next.Length; token++)
        {
            var total = sum + next[token];
            int[] longer = [.. tokens, token];
            if (token == Letters.EndOfText) found.Add((tokens, total, total / divisor, FinishReason.Stop));
            else if (stop.Length > 0 && Letters.Decode(longer).Contains(stop, StringComparison.Ordinal)) found.Add((longer, total, total / divisor, FinishReason.Stop));
            else if (longer.Length == most) found.Add((longer, total, total / divisor, FinishReason.Length));
            else Enumerate(model, prompt, longer, total, found, stop, penalty, most);
        }
    }

    /// <summary>The same search without a cache and without an early end.</summary>
    private static List<(int[] Tokens, double Score)> Naive(LanguageModel model, int[] prompt, int beams, double penalty, int most)
    {
        var finished = new List<(int[] Tokens, double Score)>();
        var open = new List<(int[] Tokens, double Sum)> { ([], 0) };
        for (var length = 1; length <= most; length++)
        {
            var candidates = open
                .SelectMany(text => NextLogProbabilities(model, [.. prompt, .. text.Tokens]).Select((logProbability, token) => (text.Tokens, Token: token, Sum: text.Sum + logProbability)))
                .OrderByDescending(candidate => candidate.Sum).ToList();
            finished.AddRange(candidates.Take(beams).Where(candidate => candidate.Token == Letters.EndOfText).Select(candidate => (candidate.Tokens, candidate.Sum / Math.Pow(length, penalty))));
            open = [.. candidates.Where(candidate => candidate.Token != Letters.EndOfText).Take(beams).Select(candidate => ((int[])[.. candidate.Tokens, candidate.Token], candidate.Sum))];
        }

        finished.AddRange(open.Select(text => (text.Tokens, text.Sum / Math.Pow(most, penalty))));
        return [.. finished.OrderByDescending(text => text.Score).Take(beams)];
    }
}
