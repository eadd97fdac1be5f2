using Coppice.Continual.Ablation;
using Coppice.Evaluation;

namespace Coppice.Continual.Tests.Ablation;

public sealed class SeedsAndDocumentsTests
{
    [Fact]
    public void A_difference_beyond_both_accidents_is_told_and_one_within_them_is_not()
    {
        var clear = Compare(effect: 0.03, documentNoise: 0.02, seedNoise: 0.003);
        Assert.Equal(CorpusVerdict.A, clear.Better);
        Assert.InRange(clear.ChangePercent, 2, 4);
        Assert.Equal(CorpusVerdict.B, Compare(effect: -0.03, documentNoise: 0.02, seedNoise: 0.003).Better);
        Assert.Equal(CorpusVerdict.Undecided, Compare(effect: 0.002, documentNoise: 0.02, seedNoise: 0.003).Better);
    }

    [Fact]
    public void Seeds_that_disagree_widen_the_interval()
    {
        var (calm, wild) = (Compare(0.02, 0.02, 0.0005), Compare(0.02, 0.02, 0.02));
        Assert.True(wild.High - wild.Low > 2 * (calm.High - calm.Low));
        Assert.Equal(CorpusVerdict.Undecided, wild.Better);
    }

    [Fact]
    public void An_interval_of_95_percent_misses_the_truth_about_once_in_twenty_times()
    {
        var missed = Enumerable.Range(0, 300).Count(trial => Compare(0.01, 0.03, 0.004, trial) is var outcome && (outcome.Low > 1 || outcome.High < 1));
        Assert.InRange(missed, 0, 27);
    }

    [Fact]
    public void A_single_seed_has_the_interval_of_its_documents()
    {
        var one = Compare(0.03, 0.02, 0.003, seeds: 1);
        Assert.Single(one.Seeds);
        Assert.True(one.High - one.Low < 2);
    }

    private static TextOutcome Compare(double effect, double documentNoise, double seedNoise, int trial = 0, int seeds = 3)
    {
        var random = new Random(trial);
        double[] documents = [.. Enumerable.Range(0, 60).Select(_ => 500 + 1000 * random.NextDouble())];
        double[] perDocument = [.. documents.Select(_ => documentNoise * Normal(random))];
        List<IReadOnlyList<DocumentScore>> Side(double worse, bool noisy) => [.. Enumerable.Range(0, seeds).Select(_ =>
        {
            var luck = noisy ? seedNoise * Normal(random) : 0;
            return (IReadOnlyList<DocumentScore>)[.. documents.Select((nats, i) => new DocumentScore("t", 300, 1000, nats * (1 + worse + luck + (noisy ? perDocument[i] : 0))))];
        })];
        return SeedsAndDocuments.Compare("t", Side(0, false), Side(effect, true));
    }

    private static double Normal(Random random) => Math.Sqrt(-2 * Math.Log(1 - random.NextDouble())) * Math.Cos(2 * Math.PI * random.NextDouble());
}
