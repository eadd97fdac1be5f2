using Coppice.Corpus.Selection;
using Coppice.Foundation;
using Xunit;

namespace Coppice.Corpus.Tests.Selection;

public sealed class ScoreStepTests
{
    [Theory]
    [InlineData(ScorePreference.High, 75, 99)]
    [InlineData(ScorePreference.Low, 0, 24)]
    [InlineData(ScorePreference.Middle, 37, 63)]
    public void A_share_of_the_text_is_kept_by_score(ScorePreference prefer, int from, int to)
    {
        var kept = StepRunner.Kept(new KeepShare(0.25, prefer), Scored(100));
        Assert.Equal(25, kept.Count);
        Assert.All(kept, document => Assert.InRange(document.Score!.Value, from, to));
    }

    [Fact]
    public void The_budget_is_kept_to_within_a_document()
    {
        var random = new Random(2);
        for (var trial = 0; trial < 50; trial++)
        {
            int[] lengths = [.. Enumerable.Range(0, 40).Select(_ => random.Next(1, 100))];
            double[] keys = [.. lengths.Select(_ => (double)random.Next(5))];
            var share = random.NextDouble();
            var (taken, _) = Chosen.Highest(keys, lengths, share);
            var (used, budget) = (lengths.Where((_, i) => taken[i]).Sum(), share * lengths.Sum());
            Assert.True(used <= budget || taken.Count(t => t) == 1);
            Assert.True(budget - used < lengths.Max());
            // Every one that is taken has a key at least as high as all that are not.
            Assert.True(taken.All(t => t) || keys.Where((_, i) => taken[i]).Min() >= keys.Where((_, i) => !taken[i]).Max());
        }
    }

    [Fact]
    public void Drawing_prefers_high_scores_and_keeps_some_of_all()
    {
        var documents = Scored(3000);
        var kept = StepRunner.Kept(new KeepShare(0.3, temperature: 1), documents);
        Assert.True(kept.Average(document => document.Score) > 1.15 * documents.Average(document => document.Score));
        Assert.Contains(kept, document => document.Score < 600);
        var taken = StepRunner.Kept(new KeepShare(0.3), documents);
        Assert.True(taken.Average(document => document.Score) > kept.Average(document => document.Score));
    }

    [Fact]
    public void Noise_draws_in_proportion_to_e_to_the_key()
    {
        // The first of two with keys ln 3 and 0 is drawn three times in four.
        var first = Enumerable.Range(0, 20_000).Count(i => Math.Log(3) + Chosen.Gumbel(1, (ulong)(2 * i)) > Chosen.Gumbel(1, (ulong)(2 * i + 1)));
        Assert.InRange(first, 14_750, 15_250);
    }

    [Fact]
    public void A_threshold_drops_on_both_sides()
    {
        var step = new ScoreThreshold(10, 20).Begin();
        Assert.Equal("score too low", step(new Document("a", "x", "s") { Score = 9.9 }).Reason);
        Assert.Equal("score too high", step(new Document("a", "x", "s") { Score = 20.1 }).Reason);
        Assert.Equal(20, step(new Document("a", "x", "s") { Score = 19 }).Measured!.Value.Threshold);
        Assert.Equal(ExitCode.Usage, Assert.Throws<CoppiceException>(() => step(new Document("a", "x", "s"))).ExitCode);
        Assert.Equal(ExitCode.Usage, Assert.Throws<CoppiceException>(() => new ScoreThreshold(null, null)).ExitCode);
    }

    [Fact]
    public void Buckets_of_equal_text_get_their_weights_and_a_weight_of_nothing_drops()
    {
        var decisions = StepRunner.Run(new QualityWeights([0, 1, 2.5, 4]), Scored(100));
        Assert.Equal(Enumerable.Range(0, 25).Select(i => (long)i), decisions.Dropped.Keys.Order());
        Assert.Equal([1, 2.5, 4], new[] { 30, 60, 99 }.Select(i => decisions.Weights[i]));
        var low = StepRunner.Run(new QualityWeights([0, 1, 2.5, 4], lowIsBetter: true), Scored(100));
        Assert.Equal(4, low.Weights[0]);
    }

    [Fact]
    public void Differences_of_losses_are_0_for_equal_models_and_change_sign_with_them()
    {
        double[] large = [1, 2, 3, double.PositiveInfinity];
        double[] small = [2, 2, 5, 1];
        Assert.Equal([-1, 0, -2, double.PositiveInfinity], DifferenceScorer.Differences(large, small));
        Assert.Equal([1, 0, 2, double.PositiveInfinity], DifferenceScorer.Differences(small, large));
        Assert.Equal([0, 0, 0, double.PositiveInfinity], DifferenceScorer.Differences(large, large));
    }

    [Fact]
    public void Every_step_can_be_named_and_told_its_options()
    {
        foreach (var definition in SelectionSteps.All)
        {
            var described = definition.Describe();
            Assert.Equal(definition.Name, described.Name);
            if (described.Options.All(option => option.Value is not null) && definition.Name is not ("dsir" or "score-threshold"))
            {
                var step = definition.Create(StepOptions.None("recipe"));
                Assert.Equal(definition.Name, step is IDocumentStep one ? one.Name : ((ICorpusStep)step).Name);
            }
        }

        var wrong = new StepOptions("recipe", new Dictionary<string, IReadOnlyList<string>> { ["weights"] = ["1", "many"] });
        Assert.Throws<CoppiceException>(() => SelectionSteps.All.Single(step => step.Name == "quality-weights").Create(wrong));
    }

    private static List<Document> Scored(int count) => [.. Enumerable.Range(0, count).Select(i => new Document($"{i}", $"{i}".PadRight(50), "s") { Score = i })];
}
