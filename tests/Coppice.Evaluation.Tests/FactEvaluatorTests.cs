using System.Text;
using Coppice.Foundation;
using Coppice.Models;
using Coppice.Models.Tests;
using Coppice.Tensors;
using Coppice.Testing;
using Coppice.Tokenizers;

namespace Coppice.Evaluation.Tests;

public sealed class FactEvaluatorTests : IDisposable
{
    private readonly Backend _backend = Backends.Create(threads: 2);

    public void Dispose() => _backend.Dispose();

    [Theory]
    [InlineData("llama", 1)]
    [InlineData("llama", 4096)]
    [InlineData("gpt2", 100)]
    public void Answers_ranks_and_greedy_matches_are_those_of_the_logits_token_by_token(string name, int batchTokens)
    {
        using var model = TinyModels.Create(name, _backend);
        using var evaluator = new FactEvaluator(model, new ByteTokenizer(), batchTokens);
        var facts = Enumerable.Range(0, 30).Select(Fact).ToList();
        var evaluation = evaluator.Evaluate(facts);
        foreach (var (fact, score) in facts.Zip(evaluation.Scores))
        {
            Assert.Same(fact, score.Fact);
            var (sum, greedy) = Slow(model, fact.Prompt, fact.Answer);
            Assert.Equal(sum, score.LogProbability, 1e-4);
            Assert.Equal(fact.Answer.Length, score.Tokens);
            Assert.Equal(greedy, score.ExactMatch);
            var others = fact.Candidates.Where(c => c != fact.Answer).Select(c => Slow(model, fact.Prompt, c).Sum / c.Length);
            Assert.Equal(1 + others.Count(mean => mean >= sum / fact.Answer.Length), score.Rank);
            Assert.Equal(5, score.Values);
            Assert.Equal(Slow(model, fact.Prompt, fact.Obsolete!).Sum / fact.Obsolete!.Length, score.ObsoleteMean!.Value, 1e-4);
        }

        // The facts are such that the test would notice a rank or a match that is always the same.
        Assert.True(evaluation.Scores.Select(score => score.Rank).Distinct().Count() > 2);
        Assert.InRange(evaluation.Scores.Count(score => score.ExactMatch), 1, 29);

        ClozeFact Fact(int i)
        {
            var prompt = $"{i} is in ";
            string[] candidates = ["ab", "c", "def", "gh"];
            // Every third fact is one that the model "knows": what greedy decoding writes.
            var answer = i % 3 == 0 ? Greedy(model, prompt, 2) : $"{(char)('k' + i % 9)}y";
            return new ClozeFact($"{i}", prompt, answer) { Candidates = i % 2 == 0 ? candidates : [.. candidates, answer], Obsolete = i % 4 == 0 ? "c" : "old" };
        }
    }

    [Fact]
    public void Without_candidates_a_fact_is_known_where_greedy_decoding_writes_its_answer()
    {
        using var model = TinyModels.Create("llama", _backend);
        using var evaluator = new FactEvaluator(model, new ByteTokenizer());
        var prompt = Enumerable.Range(0, 100).Select(i => $"where {i}? ").First(p => Slow(model, p, Greedy(model, p, 2)).Greedy);
        var greedy = Greedy(model, prompt, 2);
        var other = new string((char)(greedy[0] + 1), 1);
        var scores = evaluator.Evaluate([new ClozeFact("a", prompt, greedy), new ClozeFact("b", prompt, other)]).Scores;
        Assert.Equal([true, false], scores.Select(score => score.Known));
        Assert.All(scores, score => Assert.Null(score.Rank));
        Assert.All(scores, score => Assert.Null(score.Recognition));
        Assert.All(scores, score => Assert.Null(score.BeatsObsolete));
    }

    [Fact]
    public void Candidates_that_are_all_alike_leave_nothing_known()
    {
        using var model = TinyModels.Configuration("llama").Create(_backend, trainable: false);
        using var evaluator = new FactEvaluator(model, new ByteTokenizer());
        // All weights are zero: every token is as probable as any other.
        var score = evaluator.Evaluate([new ClozeFact("a", "where? ", "x") { Candidates = ["x", "y", "zz"], Obsolete = "y" }]).Scores[0];
        Assert.Equal(3, score.Rank);
        Assert.Equal(0, score.Recognition);
        Assert.False(score.Known);
        Assert.False(score.BeatsObsolete);
        Assert.Equal(-Math.Log(50), score.Mean, 1e-5);
    }

    [Fact]
    public void The_seam_is_where_the_encodings_of_all_alternatives_part()
    {
        // "Mc" alone is one token, but in "McD" it is cut otherwise: all alternatives are predicted from what stands before it.
        var tokenizer = new WordTokenizer("see ", "Mc", "M", "cD", "Kay", "D");
        using var model = TinyModels.Create("llama", _backend);
        using var evaluator = new FactEvaluator(model, tokenizer);
        var score = evaluator.Evaluate([new ClozeFact("a", "see Mc", "Kay") { Candidates = ["Kay", "D"] }]).Scores[0];
        Assert.Equal(2, score.Tokens);
        var alone = evaluator.Evaluate([new ClozeFact("a", "see Mc", "Kay")]).Scores[0];
        Assert.Equal(1, alone.Tokens);
    }

    [Fact]
    public void A_fact_that_can_not_be_asked_is_an_error_that_names_it()
    {
        using var model = TinyModels.Create("llama", _backend);
        using var evaluator = new FactEvaluator(model, new ByteTokenizer());
        Assert.Throws<CoppiceException>(() => evaluator.Evaluate([]));
        var tooLong = Assert.Throws<CoppiceException>(() => evaluator.Evaluate([new ClozeFact("the long one", new string('x', 30), "y")]));
        Assert.Contains("24", tooLong.Message, StringComparison.Ordinal);
        Assert.Contains("the long one", tooLong.Message, StringComparison.Ordinal);
        using var beginless = new FactEvaluator(model, new ByteTokenizer(begin: null));
        Assert.Contains("'a': there is no token before", Assert.Throws<CoppiceException>(() => beginless.Evaluate([new ClozeFact("a", "", "y")])).Message, StringComparison.Ordinal);
        using var forgetful = new FactEvaluator(model, new WordTokenizer("see "));
        Assert.Contains("no token for 'y'", Assert.Throws<CoppiceException>(() => forgetful.Evaluate([new ClozeFact("a", "see ", "y")])).Message, StringComparison.Ordinal);
        // An evaluator can be used again after an error.
        Assert.Single(evaluator.Evaluate([new ClozeFact("a", "x", "y")]).Scores);
    }

    private static (double Sum, bool Greedy) Slow(LanguageModel model, string prompt, string answer)
    {
        int[] tokens = [1, .. (prompt + answer).Select(Token)];
        var logits = TinyModels.Logits(model, tokens);
        var (sum, greedy) = (0.0, true);
        for (var i = tokens.Length - answer.Length; i < tokens.Length; i++)
        {
            var row = logits.AsSpan((i - 1) * 50, 50).ToArray();
            sum += row[tokens[i]] - Math.Log(row.Sum(x => Math.Exp(x)));
            greedy &= row.Max() == row[tokens[i]];
        }

        return (sum, greedy);
    }

    /// <summary>The most probable letters; TinyModels' vocabulary has tokens that stand for no byte, so the best letter need not be the best token.</summary>
    private static string Greedy(LanguageModel model, string prompt, int count)
    {
        for (var i = 0; i < count; i++)
        {
            var row = TinyModels.Logits(model, [1, .. prompt.Select(Token)])[^50..];
            prompt += Enumerable.Range('A', 40).Select(c => (char)c).MaxBy(c => row[Token(c)]);
        }

        return prompt[^count..];
    }

    private static int Token(char c) => 10 + Encoding.UTF8.GetBytes([c])[0] % 40;

    /// <summary>The longest of some words at each place; what is none of them has no token.</summary>
    private sealed class WordTokenizer(params string[] words) : ITokenizer
    {
        public int VocabularySize => 50;

        public int? BeginOfText => 1;

        public int? EndOfText => 2;

        public string Fingerprint => "words";

        public void Encode(ReadOnlySpan<char> text, List<int> ids)
        {
            var rest = text.ToString();
            // "McD" is cut as "M", "cD": what follows changes what stands before, as merges of a BPE can.
            rest = rest.Replace("McD", "M|cD", StringComparison.Ordinal);
            while (rest.Length > 0)
            {
                var word = words.Where(w => rest.StartsWith(w, StringComparison.Ordinal)).MaxBy(w => w.Length);
                if (word is not null) ids.Add(10 + Array.IndexOf(words, word));
                rest = rest[(word?.Length ?? 1)..];
            }
        }

        public string Decode(ReadOnlySpan<int> ids, bool skipSpecialTokens = true) => throw new NotSupportedException();
    }
}
