using Coppice.Foundation;
using Coppice.Models;
using Coppice.Models.Tests;
using Coppice.Tensors;

namespace Coppice.Evaluation.Tests;

public sealed class MemorisationTests : IDisposable
{
    private readonly Backend _backend = Backends.Create(threads: 2);

    public void Dispose() => _backend.Dispose();

    [Theory]
    [MemberData(nameof(TinyModels.All), MemberType = typeof(TinyModels))]
    public void A_token_is_scored_as_its_row_of_logits_says(string name)
    {
        using var model = TinyModels.Create(name, _backend);
        using var scorer = new TokenScorer(model, batchTokens: 30);
        int[][] texts = [TinyModels.Tokens(20), TinyModels.Tokens(1), TinyModels.Tokens(40, seed: 3)];
        var scored = scorer.Score(texts.Select(Sequence)).ToList();
        Assert.Equal([19, 0, 39], scored.Select(scores => scores.Count));
        var logits = TinyModels.Logits(model, texts[0][..19]);
        for (var i = 0; i < 19; i++)
        {
            var row = logits.AsSpan(i * 50, 50).ToArray();
            var normaliser = Math.Log(row.Sum(x => Math.Exp(x)));
            var (mean, square) = (row.Sum(x => Math.Exp(x - normaliser) * (x - normaliser)), row.Sum(x => Math.Exp(x - normaliser) * (x - normaliser) * (x - normaliser)));
            var score = scored[0][i];
            Assert.Equal((texts[0][i + 1], Array.IndexOf(row, row.Max())), (score.Token, score.Argmax));
            Assert.Equal(row[texts[0][i + 1]] - normaliser, score.LogProbability, 1e-4);
            Assert.Equal(mean, score.Mean, 1e-4);
            Assert.Equal(Math.Sqrt(square - mean * mean), score.Deviation, 1e-4);
        }

        using var documents = new DocumentScorer(model);
        Assert.Equal(documents.Score(texts.Select(Sequence))[2].Nats, -scored[2].Sum(score => score.LogProbability), 1e-3);
    }

    [Fact]
    public void The_lowest_share_is_rounded_up_to_at_least_one_token_and_a_certain_token_tells_nothing()
    {
        TokenScore[] tokens = [Score(-1), Score(-5), Score(-2), Score(-3), Score(-4), Score(-6)];
        Assert.Equal(-5.5, MinK.Score(tokens));
        Assert.Equal(-6, MinK.Score(tokens, share: 0.001));
        Assert.Equal(-3.5, MinK.Score(tokens, share: 1));
        Assert.Equal((-5.5 + 2) / 0.5, MinK.Normalised(tokens));
        Assert.Equal(0, MinK.Normalised([new TokenScore(1, 0, 0, 0, 1)]));
        Assert.Equal(-2, MinK.Score([.. Enumerable.Range(0, 30).Select(i => Score(i < 3 ? -2 : -1))], share: 0.1));
        Assert.Throws<ArgumentOutOfRangeException>(() => MinK.Score([]));

        static TokenScore Score(double logProbability) => new(1, logProbability, -2, 0.5, 1);
    }

    [Fact]
    public void Equal_scores_detect_nothing_and_ties_count_half()
    {
        Assert.Equal(new Detection(0.5, 0), Detection.Of([1, 1, 1], [1, 1]));
        Assert.Equal(new Detection(1, 1), Detection.Of([2, 3], [0, 1]));
        Assert.Equal(new Detection(0, 0), Detection.Of([0], [1, 2]));
        // Pairs won: 2 over both, 1 over one and a tie with the other.
        Assert.Equal((2 + 1.5) / 4, Detection.Of([3, 2], [2, 1]).AreaUnderCurve);
        // Of 40 non-members, two may pass: the third highest, 38, is the threshold.
        Assert.Equal(0.5, Detection.Of([38, 38.5], [.. Enumerable.Range(1, 40).Select(i => (double)i)]).TruePositiveRate);
        Assert.Throws<ArgumentException>(() => Detection.Of([], [1]));
        Assert.Throws<ArgumentException>(() => Detection.Of([double.NaN], [1]));
        Assert.Equal(Math.Sqrt(21 / (12.0 * 100)), Detection.ErrorAtChance(10, 10));
    }

    [Fact]
    public void A_canary_trained_on_fifty_times_is_found_and_one_never_seen_is_not()
    {
        using var parent = TinyModels.Create("llama", _backend);
        using var child = TinyModels.Create("llama", _backend, trainable: true);
        var canary = TinyModels.Tokens(24, seed: 100);
        for (var i = 0; i < 50; i++) Step(child, [canary]);
        TokenSequence[] texts = [Sequence(canary), .. Enumerable.Range(0, 1000).Select(i => Sequence(TinyModels.Tokens(24, seed: 1000 + (ulong)i)))];

        using var scorer = new TokenScorer(child);
        Assert.Equal(new ContinuationScore(Documents: 1, Exact: 1, LongestRun: 16, TooShort: 0), ExactContinuation.Measure(scorer, texts[..1], promptTokens: 8, continuationTokens: 16));
        var others = ExactContinuation.Measure(scorer, [.. texts[1..], Sequence(TinyModels.Tokens(23))], promptTokens: 8, continuationTokens: 16);
        Assert.Equal((1000, 0, 1, 0), (others.Documents, others.Exact, others.TooShort, others.Share));
        using var before = new TokenScorer(parent);
        Assert.Equal(0, ExactContinuation.Measure(before, texts[..1], promptTokens: 8, continuationTokens: 16).Exact);

        var scores = MembershipScore.Of(scorer, texts);
        Assert.All(scores.Skip(1), score => Assert.True(score.MinK < scores[0].MinK && score.MinKNormalised < scores[0].MinKNormalised && score.Nats > scores[0].Nats));

        using var differential = new DifferentialScore(parent, child);
        var differences = differential.Score(texts);
        Assert.All(differences.Skip(1), score => Assert.True(score < differences[0]));
        var top = differential.Top(texts.Reverse().Append(Sequence(canary)), new ByteTokenizer(), windowTokens: 12, count: 3);
        Assert.Equal(3, top.Count);
        Assert.Equal(new ByteTokenizer().Decode(canary.AsSpan(1)), string.Concat(top.Take(2).OrderByDescending(snippet => snippet.Text == new ByteTokenizer().Decode(canary.AsSpan(1, 12))).Select(snippet => snippet.Text)));
        Assert.Equal(differences[0], top[0].Score + top[1].Score, 1e-9);
        Assert.True(top[1].Score > top[2].Score);
    }

    [Fact]
    public void A_model_reveals_nothing_against_itself()
    {
        using var model = TinyModels.Create("gpt2", _backend);
        using var differential = new DifferentialScore(model, model, batchTokens: 50);
        var texts = Enumerable.Range(0, 20).Select(i => Sequence(TinyModels.Tokens(5 + 3 * i, seed: (ulong)i))).ToList();
        Assert.All(differential.Score(texts), score => Assert.Equal(0, score));
        Assert.All(differential.Top(texts, new ByteTokenizer(), count: 4), snippet => Assert.Equal(0, snippet.Score));
    }

    [Fact]
    public void An_update_is_told_by_the_child_and_not_by_the_parent()
    {
        using var parent = TinyModels.Create("gpt2", _backend);
        using var child = TinyModels.Create("gpt2", _backend, trainable: true);
        var members = Enumerable.Range(0, 30).Select(i => TinyModels.Tokens(20, seed: 500 + (ulong)i)).ToArray();
        for (var i = 0; i < 60; i++) Step(child, members);
        TokenSequence[] inside = [.. members.Select(Sequence), Sequence([])], outside = [.. Enumerable.Range(0, 30).Select(i => Sequence(TinyModels.Tokens(20, seed: 900 + (ulong)i)))];
        using var before = new TokenScorer(parent);
        using var after = new TokenScorer(child);
        var report = MembershipReport.Of(MembershipScore.Of(before, inside), MembershipScore.Of(before, outside), MembershipScore.Of(after, inside), MembershipScore.Of(after, outside));
        Assert.Equal((30, 30, 1), (report.Members, report.NonMembers, report.Skipped));
        foreach (var detection in new[] { report.Parent.Loss, report.Parent.MinK, report.Parent.MinKNormalised }) Assert.InRange(detection.AreaUnderCurve, 0.5 - 3 * report.ErrorAtChance, 0.5 + 3 * report.ErrorAtChance);
        Assert.All([report.Child.Loss, report.Reference], detection => Assert.True(detection.AreaUnderCurve > 0.5 + 3 * report.ErrorAtChance, $"{detection}"));
    }

    [Fact]
    public void What_can_not_be_measured_is_one_line_for_the_user()
    {
        using var model = TinyModels.Create("llama", _backend);
        using var scorer = new TokenScorer(model);
        var error = Assert.Throws<CoppiceException>(() => ExactContinuation.Measure(scorer, []));
        Assert.Contains("the model's context of 24", error.Message, StringComparison.Ordinal);
        Assert.Throws<CoppiceException>(() => MembershipReport.Of([], [], [], []));
        Assert.Throws<CoppiceException>(() => scorer.Score([Sequence([1, 60])]).ToList());
        Assert.Throws<OperationCanceledException>(() => scorer.Score([Sequence([1, 2])], new CancellationToken(canceled: true)).ToList());
        model.Parameters["model.norm.weight"].Tensor.CopyFrom(Enumerable.Repeat(float.NaN, 12).ToArray());
        Assert.Throws<CoppiceException>(() => scorer.Score([Sequence([1, 2])]).ToList());
    }

    private static TokenSequence Sequence(int[] tokens) => new("", tokens, tokens.Length);

    /// <summary>A step along the signs of the gradient: as much training as a memory of a few tokens takes.</summary>
    private static void Step(LanguageModel model, int[][] texts)
    {
        using var tape = new Tape(model.Backend);
        model.Parameters.BeginGradients();
        var input = TinyModels.Pack(model, tape, [.. texts.Select(text => text[..^1])]);
        var targets = input.Targets(tape, [.. texts.SelectMany(text => text[1..])]);
        var weights = tape.Constant(new Shape(input.Count), [.. Enumerable.Repeat(1f, input.Count)]);
        tape.Backward(tape.HeadCrossEntropy(model.Hidden(tape, input), model.Head.Tensor, targets, weights, new CrossEntropyOptions(1f / input.Count)));
        model.Parameters.EndGradients();
        foreach (var parameter in model.Parameters.Parameters)
        {
            parameter.Tensor.CopyFrom(parameter.Tensor.ToArray().Zip(parameter.Tensor.GradientToArray(), (value, gradient) => value - 0.02f * Math.Sign(gradient)).ToArray());
        }
    }
}
