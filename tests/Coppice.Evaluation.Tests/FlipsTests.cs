using Coppice.Foundation;
using Coppice.Models.Tests;
using Coppice.Tensors;
using Coppice.Testing;

namespace Coppice.Evaluation.Tests;

public sealed class FlipsTests : IDisposable
{
    private readonly Backend _backend = Backends.Create(threads: 2);

    public void Dispose() => _backend.Dispose();

    [Fact]
    public void Flips_are_counted_and_their_balance_is_the_change_of_accuracy()
    {
        int[] right = [0, 1, 2, 3, 0, 1], parent = [0, 1, 2, 0, 1, 2], child = [0, 2, 2, 3, 2, 2];
        var flips = Flips.Of(parent, child, right);
        Assert.Equal(new Flips(Items: 6, ParentCorrect: 3, ChildCorrect: 3, Negative: 1, Positive: 1, WrongChanges: 1), flips);
        Assert.Equal((1 / 6.0, 1 / 6.0, 2 / 6.0, 1 / 3.0, 0), (flips.NegativeRate, flips.PositiveRate, flips.ChangedWrongRate, flips.NegativeImpact, flips.AccuracyChange));
    }

    [Fact]
    public void Positive_less_negative_flips_are_exactly_the_change_of_accuracy_whatever_the_answers()
    {
        for (var seed = 0UL; seed < 50; seed++)
        {
            var answers = TinyModels.Tokens(3 * 37, vocabulary: 4, seed);
            int[] right = answers[..37], parent = answers[37..74], child = answers[74..];
            var flips = Flips.Of(parent, child, right);
            Assert.Equal(flips.ChildCorrect - flips.ParentCorrect, flips.Positive - flips.Negative);
            Assert.Equal((flips.ChildCorrect - flips.ParentCorrect) / 37.0, flips.AccuracyChange);
            Assert.Equal(child.Where((answer, i) => answer != right[i] && answer != parent[i]).Count() / 37.0, flips.ChangedWrongRate);
        }
    }

    [Fact]
    public void Identical_models_have_no_flips()
    {
        var same = Flips.Of([true, true], [true, true]);
        Assert.Equal(new Flips(2, 2, 2, 0, 0, 0), same);
        Assert.Equal((0, 0, null, 1), (same.NegativeRate, same.PositiveRate, same.NegativeImpact, same.PValue));
        Assert.Throws<ArgumentException>(() => Flips.Of([], []));
    }

    [Theory]
    [InlineData(0, 5, 0.0625)]
    [InlineData(5, 0, 0.0625)]
    [InlineData(1, 9, 0.021484375)]
    [InlineData(3, 3, 1)]
    public void McNemars_p_value_is_the_binomial_one(int negative, int positive, double expected) =>
        Assert.Equal(expected, new Flips(100, 50, 50 + positive - negative, negative, positive, 0).PValue, 12);

    [Fact]
    public void McNemars_p_value_does_not_underflow()
    {
        // Normal approximation with continuity correction: z = (|b - c| - 1) / √(b + c) = 1.9, two-sided 0.0575.
        Assert.Equal(0.0575, new Flips(100000, 0, 0, 5000 - 95, 5000 + 96, 0).PValue, 0.0005);
    }

    [Fact]
    public void Minimal_pairs_are_judged_one_by_one()
    {
        using var model = TinyModels.Create("llama", _backend);
        using var evaluator = new MinimalPairEvaluator(model, new ByteTokenizer());
        var pairs = Enumerable.Range(0, 20).Select(i => new MinimalPair($"the {i} cats sit", $"{i} teh cats sit")).ToList();
        var judged = evaluator.Judge(pairs);
        Assert.Equal(pairs.Select(pair => evaluator.Judge([pair])[0]), judged);
        Assert.Equal(evaluator.Evaluate(pairs).Total.Correct, judged.Count(right => right));
    }

    [Theory]
    [InlineData("gpt2", 1)]
    [InlineData("llama", null)]
    public void The_answer_with_the_best_log_probability_per_byte_is_chosen(string name, int? begin)
    {
        using var model = TinyModels.Create(name, _backend);
        var tokenizer = new ByteTokenizer(begin);
        using var evaluator = new MultipleChoiceEvaluator(model, tokenizer);
        using var scorer = new TokenScorer(model);
        // Prompts up to beyond the model's context of 24.
        var items = Enumerable.Range(1, 30).Select(i => new MultipleChoiceItem(new string((char)('P' + i % 7), i), [$" {i}", " another", "or this one", $"{i} + {i}"], 0)).ToList();
        var expected = items.Select(item =>
        {
            var scores = item.Choices.Select(choice =>
                scorer.Score(TokenSequences.Of([new Corpus.Document("", item.Prompt + choice, "")], tokenizer)).Single().TakeLast(choice.Length).Sum(token => token.LogProbability) / choice.Length).ToList();
            return scores.IndexOf(scores.Max());
        }).ToList();
        Assert.Equal(expected, evaluator.Choose(items));
        Assert.True(expected.Distinct().Count() > 1);
        Assert.Throws<CoppiceException>(() => evaluator.Choose([]));
    }

    [Fact]
    public void Of_equal_answers_the_first_is_chosen()
    {
        using var model = TinyModels.Create("llama", _backend);
        using var evaluator = new MultipleChoiceEvaluator(model, new ByteTokenizer());
        Assert.Equal([0, 0], evaluator.Choose([new("Q", ["same", "same", "same"], 2), new("", ["x", "x"], 1)]));
    }

    [Fact]
    public void Questions_are_read_from_JSON_lines()
    {
        using var folder = new TemporaryFolder();
        var item = Assert.Single(MultipleChoiceItem.Read(folder.Write("q.jsonl", "{\"prompt\": \"1 + 1 =\", \"choices\": [\" 2\", \" 3\"], \"answer\": 0}\n")));
        Assert.Equal(("1 + 1 =", " 3", 0), (item.Prompt, item.Choices[1], item.Answer));
    }

    [Theory]
    [InlineData("{\"choices\": [\"a\", \"b\"], \"answer\": 0}", "'prompt'")]
    [InlineData("{\"prompt\": \"\", \"choices\": \"ab\", \"answer\": 0}", "'choices'")]
    [InlineData("{\"prompt\": \"\", \"choices\": [\"a\"], \"answer\": 0}", "'choices'")]
    [InlineData("{\"prompt\": \"\", \"choices\": [\"a\", 1], \"answer\": 0}", "'choices'")]
    [InlineData("{\"prompt\": \"\", \"choices\": [\"a\", \"b\"], \"answer\": 2}", "'answer'")]
    [InlineData("{\"prompt\": \"\", \"choices\": [\"a\", \"b\"], \"answer\": \"a\"}", "'answer'")]
    [InlineData("{\"prompt\": \"\", \"choices\": [\"a\", \"\\ud800\"], \"answer\": 0}", "no JSON object")]
    [InlineData("", "holds no question")]
    public void A_line_that_is_no_question_is_refused(string line, string message)
    {
        using var folder = new TemporaryFolder();
        var path = folder.Write("q.jsonl", line + "\n");
        Assert.Contains(message, Assert.Throws<CoppiceException>(() => MultipleChoiceItem.Read(path)).Message, StringComparison.Ordinal);
    }
}
