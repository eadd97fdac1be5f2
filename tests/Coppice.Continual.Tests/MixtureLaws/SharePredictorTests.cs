using Coppice.Continual.MixtureLaws;
using Coppice.Foundation;

namespace Coppice.Continual.Tests.MixtureLaws;

public class SharePredictorTests
{
    private const long Planned = 100_000_000;
    private const double Bar = 0.05;

    private static readonly TrialReference Reference = new([1.1, 0.9], 1.6);
    private static readonly TrialPlan Plan = TrialPlan.For(Planned, 1000, 1_000_000);

    [Theory]
    [InlineData(0)]
    [InlineData(0.003)]
    public void A_known_law_gives_the_known_share_within_a_step(double noise)
    {
        for (var seed = 0; seed < (noise == 0 ? 1 : 20); seed++)
        {
            var prediction = SharePredictor.Predict(Trials(noise, seed), Reference, Planned);
            var choice = prediction.LeastShare(Bar);
            var shares = prediction.Curve.Select(predicted => predicted.Share).ToList();
            var exact = shares.First(share => Old(0, share, Planned) / Reference.Old[0] - 1 <= Bar);
            Assert.Equal(ShareOutcome.Found, choice.Outcome);
            Assert.True(Math.Abs(shares.IndexOf(choice.Share.Share) - shares.IndexOf(exact)) <= (noise == 0 ? 0 : 1), $"{seed}: {choice.Explanation}");
            Assert.True(choice.Share.WorstRise <= Bar);
        }
    }

    [Fact]
    public void The_curves_go_the_right_way_and_stay_within_the_shares_tried()
    {
        var prediction = SharePredictor.Predict(Trials(0.003, 1), Reference, Planned);
        Assert.Equal(0.02, prediction.Curve[0].Share);
        Assert.Equal(0.5, prediction.Curve[^1].Share);
        foreach (var (less, more) in prediction.Curve.Zip(prediction.Curve.Skip(1)))
        {
            Assert.True(more.New >= less.New);
            Assert.All(less.Old.Zip(more.Old), pair => Assert.True(pair.Second <= pair.First));
        }

        Assert.All(prediction.OldResiduals, residual => Assert.InRange(residual, 0.001, 0.01));
        Assert.InRange(prediction.NewResidual, 0.001, 0.01);
        Assert.Empty(prediction.Warnings);
        Assert.True(prediction.WithoutReplay!.WorstRise > prediction.Curve[0].WorstRise);
    }

    [Fact]
    public void A_stricter_bar_never_takes_less_replay()
    {
        var prediction = SharePredictor.Predict(Trials(0.003, 2), Reference, Planned);
        var bars = Enumerable.Range(1, 60).Select(percent => percent / 200.0);
        var shares = bars.Select(bar => prediction.LeastShare(bar).Share.Share).ToList();
        Assert.Equal(shares.OrderDescending(), shares);
        Assert.True(shares[0] > shares[^1]);
    }

    [Fact]
    public void Bars_that_decide_nothing_are_said_with_what_to_do()
    {
        var prediction = SharePredictor.Predict(Trials(0.003, 3), Reference, Planned);
        var none = prediction.LeastShare(0.0001);
        Assert.Equal((ShareOutcome.NoneFeasible, 0.5), (none.Outcome, none.Share.Share));
        Assert.Contains("add protection", none.Explanation, StringComparison.Ordinal);
        var all = prediction.LeastShare(5);
        Assert.Equal((ShareOutcome.AllFeasible, 0.02), (all.Outcome, all.Share.Share));
    }

    [Fact]
    public void Weights_move_the_choice_between_old_and_new()
    {
        var prediction = SharePredictor.Predict(Trials(0, 0), Reference, Planned);
        Assert.Equal(0.02, prediction.BestTradeOff(0).Share.Share);
        Assert.Equal(0.5, prediction.BestTradeOff(1).Share.Share);
        var exact = prediction.Curve.Select(predicted => predicted.Share)
            .MinBy(share => 0.5 * (Old(0, share, Planned) + Old(1, share, Planned)) / 2 + 0.5 * New(share, Planned));
        Assert.Equal(exact, prediction.BestTradeOff().Share.Share);
        Assert.InRange(exact, 0.03, 0.4);
    }

    [Fact]
    public void Changes_count_from_the_reference_not_from_a_level()
    {
        // The whole trial half as high again, as at another rate: the same relative changes, the same choice.
        var raised = Trials(0.003, 4).Select(trial => trial with
        {
            Points = [.. trial.Points.Select(point => new TrialPoint(point.Tokens, [.. point.Old.Select(loss => 1.5 * loss)], 1.5 * point.New))],
        }).ToList();
        var before = SharePredictor.Predict(Trials(0.003, 4), Reference, Planned).LeastShare(Bar);
        var after = SharePredictor.Predict(raised, new TrialReference([1.65, 1.35], 2.4), Planned).LeastShare(Bar);
        Assert.Equal(before.Share.Share, after.Share.Share);
        Assert.Equal(before.Share.WorstRise, after.Share.WorstRise, 1e-9);
    }

    [Fact]
    public void Annealed_trials_are_compared_with_the_released_parent()
    {
        // The parent lost a tenth by annealing, the trials lose a twentieth: what looked like no forgetting is one of a few hundredths.
        var start = new TrialReference([.. Reference.Old], Reference.New);
        var released = new TrialReference([.. Reference.Old.Select(loss => 0.9 * loss)], 0.9 * Reference.New);
        var trials = Trials(0, 0).Select(trial => trial with { Annealed = new TrialPoint(1, [.. trial.Points[^1].Old.Select(loss => 0.95 * loss)], 0.95 * trial.Points[^1].New) }).ToList();
        var plain = SharePredictor.Predict(trials, start, Planned);
        var annealed = SharePredictor.Predict(trials, start, Planned, released);
        Assert.False(plain.Annealed);
        Assert.True(annealed.Annealed);
        foreach (var (before, after) in plain.Curve.Zip(annealed.Curve))
        {
            Assert.Equal((1 + before.WorstRise) * 0.95 / 0.9 - 1, after.WorstRise, 1e-9);
            Assert.Equal((1 + before.NewRise) * 0.95 / 0.9 - 1, after.NewRise, 1e-9);
        }

        Assert.True(annealed.LeastShare(Bar).Share.Share > plain.LeastShare(Bar).Share.Share);
        Assert.DoesNotContain("before annealing", annealed.LeastShare(Bar).Explanation, StringComparison.Ordinal);
    }

    [Fact]
    public void Trials_shorter_than_the_spike_and_horizons_too_far_are_warned_about()
    {
        var spike = Trials(0, 0).Select(trial => trial with
        {
            Points = [.. trial.Points.Select(point => point with { Old = [.. Reference.Old.Select(loss => loss * (1 + point.Tokens / 1e9 / (0.1 + trial.Share)))] })],
        }).ToList();
        Assert.Contains("spike", Assert.Single(SharePredictor.Predict(spike, Reference, Planned).Warnings), StringComparison.Ordinal);
        var level = Trials(0.003, 5).Select(trial => trial with { Points = [.. trial.Points.Select((point, i) => point with { Old = [1.1 + 0.001 * (i % 3), 0.9 + 0.0001 * i * (i % 2)] })] });
        Assert.Empty(SharePredictor.Predict([.. level], Reference, Planned).Warnings);
        Assert.Contains("guess", Assert.Single(SharePredictor.Predict(Trials(0, 0), Reference, 20 * Planned).Warnings), StringComparison.Ordinal);
    }

    [Fact]
    public void Trials_that_tell_nothing_are_refused()
    {
        var trials = Trials(0, 0);
        void Refused(IEnumerable<ShareTrial> bad, string why) =>
            Assert.Contains(why, Assert.Throws<CoppiceException>(() => SharePredictor.Predict([.. bad], Reference, Planned)).Message, StringComparison.Ordinal);
        Refused(trials.Take(4), "too few");
        Refused(trials.Append(trials[1]), "twice");
        Refused(trials.Select(trial => trial with { Points = [.. trial.Points.Take(4)] }), "too few");
        Refused(trials.Select(trial => trial with { Points = [.. trial.Points.Reverse()] }), "rise");
        Refused(trials.Select(trial => trial with { Points = [.. trial.Points.Select(point => point with { New = double.NaN })] }), "NaN");
        Refused(trials.Select(trial => trial with { Points = [.. trial.Points.Select(point => point with { Old = [1] })] }), "pair up");
        Assert.Throws<CoppiceException>(() => SharePredictor.Predict(trials, Reference, 0));
        Assert.Throws<CoppiceException>(() => SharePredictor.Predict(trials, Reference, Planned).LeastShare(double.NaN));
        Assert.Throws<CoppiceException>(() => SharePredictor.Predict(trials, Reference, Planned).BestTradeOff(2));
    }

    // A strong shift: an early spike that replay brings back, the second source hit less.
    private static double Old(int source, double share, double tokens)
    {
        var strength = (source == 0 ? 0.03 : 0.02) / Math.Sqrt(share + 0.002);
        return Reference.Old[source] * (1 - 0.01 + strength * (0.5 + 0.5 * Math.Pow(tokens / Plan.TokensPerTrial, -0.3)));
    }

    private static double New(double share, double tokens) => Reference.New * (0.5 + 0.1 * Math.Pow(share, 0.8) + 0.15 * Math.Pow(tokens / Plan.TokensPerTrial, -0.25));

    private static List<ShareTrial> Trials(double noise, int seed)
    {
        var random = new Random(seed);
        double Noisy(double value) => value * (1 + noise * Math.Sqrt(-2 * Math.Log(1 - random.NextDouble())) * Math.Cos(2 * Math.PI * random.NextDouble()));
        return
        [
            .. Plan.Shares.Select(share => new ShareTrial(share, [.. Plan.MeasureAt.Select(tokens => new TrialPoint(
                tokens, [Noisy(Old(0, share, tokens)), Noisy(Old(1, share, tokens))], Noisy(New(share, tokens))))])),
        ];
    }
}
