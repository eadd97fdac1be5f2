namespace Coppice.Adapters.Tests;

public sealed class PreferenceLossTests
{
    private static readonly double Ln2 = Math.Log(2);

    public static TheoryData<string> Losses => ["sigmoid", "conservative", "robust", "hinge", "squared", "simpo", "orpo"];

    [Theory]
    [InlineData("sigmoid", 0.6443967)]
    [InlineData("conservative", 0.6543967)]
    [InlineData("robust", 0.6318967)]
    [InlineData("hinge", 0.9)]
    [InlineData("squared", 16)]
    public void Direct_preferences_have_the_losses_that_were_worked_out(string form, double expected)
    {
        // D = 1.
        Assert.Equal(expected, NewLoss(form).Of(new(-3, 4, -4), new(-5, 6, -5)).Loss, 1e-6);
    }

    [Theory]
    [InlineData("sigmoid", 0.69314718)]
    [InlineData("conservative", 0.69314718)]
    [InlineData("robust", 0.69314718)]
    [InlineData("hinge", 1)]
    [InlineData("squared", 25)]
    public void At_the_start_the_loss_is_that_of_no_preference(string form, double expected)
    {
        var start = NewLoss(form).Of(new(-3, 4, -3), new(-5, 6, -5));
        Assert.Equal(expected, start.Loss, 1e-7);
        Assert.Equal(start.Chosen, -start.Rejected);
        if (form == "sigmoid") Assert.Equal(-0.05, start.Chosen, 1e-12);
    }

    [Fact]
    public void Without_errors_conservative_and_robust_are_the_plain_form_and_swapping_answers_turns_the_sign()
    {
        AnswerProbability chosen = new(-3, 4, -4.5), rejected = new(-5, 6, -3);
        var plain = new DirectPreferenceLoss(0.3).Of(chosen, rejected);
        Assert.Equal(plain, new DirectPreferenceLoss(0.3, DirectPreferenceForm.Conservative).Of(chosen, rejected));
        Assert.Equal(plain, new DirectPreferenceLoss(0.3, DirectPreferenceForm.Robust).Of(chosen, rejected));
        // -log σ(x) + log σ(-x) = -x.
        Assert.Equal(-0.3 * 3.5, plain.Loss - new DirectPreferenceLoss(0.3).Of(rejected, chosen).Loss, 1e-12);
        Assert.Throws<ArgumentOutOfRangeException>(() => new DirectPreferenceLoss(errors: 0.5));
    }

    [Fact]
    public void Odds_and_margins_have_the_losses_that_were_worked_out()
    {
        // Mean log-probabilities -1 and -2: log odds -0.5413249 and -1.8545865.
        var odds = new OddsRatioLoss(1).Of(new(-4, 4), new(-12, 6));
        Assert.Equal(1 + 0.2381830, odds.Loss, 1e-6);
        Assert.Equal(Ln2, new OddsRatioLoss(1).Of(new(-4, 4), new(-6, 6)).Loss - 1, 1e-12);
        var supervised = new OddsRatioLoss(0).Of(new(-4, 4), new(-12, 6));
        Assert.Equal((1.0, -0.25), (supervised.Loss, supervised.Chosen));
        Assert.Equal(0, supervised.Rejected);
        Assert.True(double.IsFinite(new OddsRatioLoss().Of(new(-1e-12, 4), new(-0.0, 6)).Loss));

        Assert.Equal(0.3132617, new SimplePreferenceLoss(beta: 2, gamma: 1).Of(new(-4, 4), new(-12, 6)).Loss, 1e-7);
        Assert.Equal(Ln2, new SimplePreferenceLoss(gamma: 0).Of(new(-4, 4), new(-6, 6)).Loss, 1e-12);
    }

    [Theory]
    [MemberData(nameof(Losses))]
    public void Derivatives_agree_with_differences(string name)
    {
        var loss = NewLoss(name);
        const double Step = 1e-5;
        AnswerProbability chosen = new(-3, 4, -4.5), rejected = new(-5, 6, -3);
        var gradient = loss.Of(chosen, rejected);
        Assert.Equal(Difference(by => loss.Of(chosen with { LogProbability = chosen.LogProbability + by }, rejected).Loss), gradient.Chosen, 1e-7);
        Assert.Equal(Difference(by => loss.Of(chosen, rejected with { LogProbability = rejected.LogProbability + by }).Loss), gradient.Rejected, 1e-7);
        Assert.True(gradient.Chosen < 0 && gradient.Rejected > 0);

        static double Difference(Func<double, double> at) => (at(Step) - at(-Step)) / (2 * Step);
    }

    [Fact]
    public void Judged_answers_have_the_losses_that_were_worked_out_and_opposite_signs()
    {
        var loss = new KahnemanTverskyLoss();
        var answer = new AnswerProbability(-1, 3, -3);
        var (good, toward) = loss.Of(answer, desirable: true, baseline: 0.5);
        var (bad, away) = loss.Of(answer, desirable: false, baseline: 0.5);
        Assert.Equal(0.4625702, good, 1e-7);
        Assert.Equal(0.5374298, bad, 1e-7);
        Assert.True(toward < 0 && away > 0);
        Assert.Equal(toward, -away, 1e-15);
        const double Step = 1e-5;
        var difference = (loss.Of(answer with { LogProbability = -1 + Step }, true, 0.5).Loss - loss.Of(answer with { LogProbability = -1 - Step }, true, 0.5).Loss) / (2 * Step);
        Assert.Equal(difference, toward, 1e-9);
        Assert.Equal(1.5, KahnemanTverskyLoss.Baseline([new(-1, 1, -3), new(-2, 1, -3)]));
        Assert.Equal(0, KahnemanTverskyLoss.Baseline([new(-4, 1, -3)]));
        // At the start: half of the weight.
        Assert.Equal(0.75, new KahnemanTverskyLoss(desirable: 1.5).Of(new(-3, 1, -3), true, 0).Loss);
    }

    [Fact]
    public void Unlikelihood_has_the_loss_and_gradient_that_were_worked_out()
    {
        float[] logits = [.. new[] { 0.5, 0.3, 0.2 }.Select(p => (float)Math.Log(p))];
        float[] penalised = new float[3], plain = new float[3];
        Assert.Equal(1.0498221, Unlikelihood.Loss(logits, 0, [1], 1, penalised), 1e-6);
        Assert.Equal(Math.Log(2), Unlikelihood.Loss(logits, 0, [1], 0, plain), 1e-6);
        Assert.Equal([-0.5, 0.3, 0.2], plain.Select(value => (double)value), (a, b) => Math.Abs(a - b) <= 1e-6);
        Assert.Equal([-0.2142857, 0.3, -0.0857143], penalised.Zip(plain, (a, b) => (double)a - b), (a, b) => Math.Abs(a - b) <= 1e-6);
        Assert.Equal([3, 5, 9], Unlikelihood.Candidates([9, 5, 3, 5, 4], target: 4));
        Assert.Empty(Unlikelihood.Candidates([4, 4], target: 4));
    }

    [Fact]
    public void What_losses_are_made_of_is_exact_near_0_and_far_from_it()
    {
        Assert.Equal(1e-10, Logistic.LogOnePlus(1e-10), 1e-19);
        Assert.Equal(-1e-10, Logistic.ExpMinusOne(-1e-10), 1e-19);
        Assert.Equal(-1, Logistic.ExpMinusOne(-1000));
        Assert.Equal(Math.Log(1e-10), Logistic.LogOneMinusExp(-1e-10), 1e-8);
        Assert.Equal(-Math.Exp(-40), Logistic.LogOneMinusExp(-40), 1e-30);
        Assert.Equal(1000, Logistic.Loss(-1000));
        Assert.Equal(0, Logistic.Loss(1000));
        Assert.Equal(Ln2, Logistic.Loss(0), 1e-15);
        Assert.Equal((0.0, 0.5, 1.0), (Logistic.Sigmoid(-1000), Logistic.Sigmoid(0), Logistic.Sigmoid(1000)));
    }

    private static IPairLoss NewLoss(string name) => name switch
    {
        "sigmoid" => new DirectPreferenceLoss(0.1),
        "conservative" => new DirectPreferenceLoss(0.1, DirectPreferenceForm.Conservative, 0.1),
        "robust" => new DirectPreferenceLoss(0.1, DirectPreferenceForm.Robust, 0.1),
        "hinge" => new DirectPreferenceLoss(0.1, DirectPreferenceForm.Hinge),
        "squared" => new DirectPreferenceLoss(0.1, DirectPreferenceForm.Squared),
        "simpo" => new SimplePreferenceLoss(),
        _ => new OddsRatioLoss(),
    };
}
