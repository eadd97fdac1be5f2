using Coppice.Training.Recipes;
using Coppice.Training.Schedules;

namespace Coppice.Training.Tests.Schedules;

public sealed class BranchingScheduleTests
{
    private static readonly ScheduleSettings Settings = new()
    {
        PeakLearningRate = 3e-4, ConstantLearningRate = 1.65e-4, FinalLearningRate = 3e-5, Warmup = 50, Cooldown = 300, Total = 1_000, DecayShare = 0.15,
    };

    [Theory]
    [InlineData(CooldownShape.Cosine, 2.325e-4)]
    [InlineData(CooldownShape.InverseSqrt, 1.8562952e-4)] // 1 - (1/sqrt(6) - 1) / (1/sqrt(11) - 1) = 0.1528113 of the way up
    [InlineData(CooldownShape.Linear, 2.325e-4)]
    public void The_infinite_schedule_is_exact_at_its_joints_and_continuous(CooldownShape shape, double halfway)
    {
        var schedule = new InfiniteSchedule(Settings with { CooldownShape = shape });
        double At(long step) => schedule.LearningRate(step, 0);
        Assert.Equal((3e-4, 1.65e-4, 1.65e-4, 1.65e-4, 3e-5), (At(50), At(350), At(600), At(850), At(1_000)));
        Assert.Equal(halfway, At(200), 1e-10);
        foreach (var joint in new[] { 50, 350, 850, 1_000 })
        {
            Assert.Equal(At(joint), At(joint - 1), 6e-6);
            Assert.Equal(At(joint), At(joint + 1), 6e-6);
        }
    }

    [Theory]
    [InlineData("infinite")]
    [InlineData("wsd")]
    [InlineData("power")]
    public void The_trunk_does_not_depend_on_the_total(string name)
    {
        var (once, later) = (ScheduleRegistry.Create(name, Settings), ScheduleRegistry.Create(name, Settings with { Total = 77_777, FinalLearningRate = 2e-5, DecayShare = 0.3 }));
        for (var step = 0; step <= 850; step++) Assert.Equal(once.LearningRate(step, 0), later.LearningRate(step, 0));
    }

    [Fact]
    public void A_resumed_trunk_begins_in_the_constant_phase()
    {
        var anew = new InfiniteSchedule(Settings with { Warmup = 0, Cooldown = 0 });
        var goesOn = new InfiniteSchedule(Settings with { Prior = 850, Total = 1_850 });
        for (var step = 0; step < 850; step++) Assert.Equal((1.65e-4, 1.65e-4), (anew.LearningRate(step, 0), goesOn.LearningRate(step, 0)));
        Assert.Equal((3e-5, 3e-5), (anew.LearningRate(1_000, 0), goesOn.LearningRate(1_000, 0)));
        Assert.Equal((850, 850), (anew.DecayStart, goesOn.DecayStart));
    }

    [Fact]
    public void A_warm_up_without_cool_down_rises_to_the_constant_rate()
    {
        var schedule = new InfiniteSchedule(Settings with { Cooldown = 0 });
        Assert.Equal(1.65e-4 * 50 / 51, schedule.LearningRate(49, 0), 1e-18);
        Assert.Equal(1.65e-4, schedule.LearningRate(50, 0));
    }

    [Theory]
    [InlineData(0.15, 850)]
    [InlineData(0.9, 100)]
    [InlineData(0.99, 50)] // not before the end of the warm-up
    [InlineData(0, 1_000)] // no branch: the run ends on its trunk
    public void All_steps_before_the_branch_have_the_learning_rate_of_the_trunk(double share, long expected)
    {
        var schedule = new WarmupStableDecaySchedule(Settings with { DecayShare = share });
        Assert.Equal(expected, schedule.DecayStart);
        Assert.Equal(3e-4, schedule.LearningRate(expected - 1, 0), expected == 50 ? 6e-6 : 0);
        var inTokens = new WarmupStableDecaySchedule(Settings with { DecayShare = share, Warmup = 50 * 96, Total = 96_000, TokensPerStep = 96 });
        Assert.Equal(expected, inTokens.DecayStart);
    }

    [Theory]
    [InlineData(DecayShape.Usual, 0.5)]
    [InlineData(DecayShape.Linear, 0.5)]
    [InlineData(DecayShape.Root, 0.29289321881345254)]
    [InlineData(DecayShape.Cosine, 0.5)]
    [InlineData(DecayShape.Square, 0.75)]
    [InlineData(DecayShape.Exponential, 0.24025307335204215)] // (sqrt(0.1) - 0.1) / 0.9
    public void Each_shape_of_decay_is_exact_at_its_ends_and_right_in_the_middle(DecayShape shape, double half)
    {
        var schedule = new WarmupStableDecaySchedule(Settings with { DecayShape = shape, DecayShare = 0.2 });
        Assert.Equal((3e-4, 3e-5), (schedule.LearningRate(800, 0), schedule.LearningRate(1_000, 0)));
        Assert.Equal(3e-5 + (half * 2.7e-4), schedule.LearningRate(900, 0), 1e-15);
    }

    [Fact]
    public void The_learning_rates_of_a_linear_decay_sum_up_to_the_closed_form()
    {
        var schedule = new WarmupStableDecaySchedule(Settings with { DecayShare = 0.2 });
        var sum = Enumerable.Range(800, 200).Sum(step => schedule.LearningRate(step, 0));
        Assert.Equal((200 * 3e-5) + (201 * 2.7e-4 / 2), sum, 1e-12);
    }

    [Fact]
    public void An_exponential_decay_to_zero_is_refused() =>
        Assert.Throws<ArgumentException>(() => new InfiniteSchedule(Settings with { FinalLearningRate = 0 }));

    [Fact]
    public void The_power_schedule_is_a_power_of_tokens_and_doubles_with_the_batch()
    {
        var settings = Settings with { PeakLearningRate = 1, ConstantLearningRate = 0, FinalLearningRate = 0, Warmup = 0, Total = 1L << 40, DecayShare = 0, PowerAmplitude = 4, TokensPerStep = 8192, BatchTokens = 8192 };
        var (one, two) = (new PowerSchedule(settings), new PowerSchedule(settings with { TokensPerStep = 16384, BatchTokens = 16384 }));
        double One(long n) => one.LearningRate(0, n - 8192);
        foreach (var n in new[] { 1L << 16, 1L << 20, 1L << 30 })
        {
            Assert.Equal(2 * 4 * Math.Pow(n, -0.51), One(n), 1e-15);
            Assert.Equal(2 * One(n), two.LearningRate(0, n - 16384), 1e-15);
            Assert.Equal(-0.51, Math.Log(One(2 * n) / One(n)) / Math.Log(2), 1e-12);
        }

        Assert.All(Enumerable.Range(0, 100), step => Assert.InRange(new PowerSchedule(settings with { PeakLearningRate = 0.01 }).LearningRate(0, step * 8192L), 0, 0.01));
    }

    [Fact]
    public void Two_runs_on_a_power_are_one_bit_for_bit()
    {
        var settings = Settings with { ConstantLearningRate = 0, DecayShare = 0 };
        var (whole, second) = (new PowerSchedule(settings), new PowerSchedule(settings with { Prior = 400 }));
        for (var step = 0; step < 600; step++) Assert.Equal(whole.LearningRate(400 + step, 0), second.LearningRate(step, 0));
    }

    [Fact]
    public void A_power_has_a_floor_and_its_decay_begins_there()
    {
        var schedule = new PowerSchedule(Settings with { ConstantLearningRate = 1.5e-4 });
        Assert.Equal(1.5e-4, schedule.LearningRate(600, 0));
        Assert.Equal(1.5e-4, schedule.LearningRate(850, 0));
        Assert.Equal(9e-5, schedule.LearningRate(925, 0), 1e-15);
    }

    [Fact]
    public void Autoregressive_peaks_begin_at_the_first_and_fall_strictly()
    {
        var peaks = Enumerable.Range(0, 50).Select(round => AutoregressivePeak.Of(3e-4, 1e-6, round * 500L, 500, 50)).ToList();
        Assert.Equal(3e-4, peaks[0]);
        // 500 steps of a way of 950: 1e-6 + 2.99e-4 (1 + cos(pi 500 / 950)) / 2
        Assert.Equal(1e-6 + (2.99e-4 * 0.5 * (1 + Math.Cos(Math.PI * 500 / 950))), peaks[1], 1e-15);
        Assert.All(peaks.Zip(peaks.Skip(1)), pair => Assert.True(pair.Second < pair.First && pair.Second > 1e-6));
        Assert.Throws<ArgumentOutOfRangeException>(() => AutoregressivePeak.Of(3e-4, 1e-6, 0, 50, 50));
    }

    [Theory]
    [InlineData("steps")]
    [InlineData("tokens")]
    public void A_recipe_describes_an_infinite_schedule_and_its_continuation(string unit)
    {
        var first = $"training: {{steps: 1000, batch_size: 4, sequence_length: 16}}\noptimizer: {{learning_rate: 3e-4}}\nschedule: {{name: infinite, unit: {unit}, warmup_steps: 50, cooldown_steps: 300, cooldown_shape: inverse_sqrt, constant_learning_rate: 1.65e-4, final_learning_rate: 3e-5, decay_share: 0.15}}";
        var recipe = Recipe.Parse(first);
        Assert.Equal(recipe, Recipe.Parse(recipe.ToYaml()));
        var schedule = Assert.IsType<InfiniteSchedule>(recipe.CreateSchedule());
        var expected = new InfiniteSchedule(Settings with { CooldownShape = CooldownShape.InverseSqrt });
        foreach (var step in new[] { 0, 49, 50, 200, 350, 850, 900, 1_000 }) Assert.Equal(expected.LearningRate(step, 0), schedule.LearningRate(step, step * 64L), 1e-18);

        var next = (BranchingSchedule)Recipe.Parse(first, "r.yaml", ["schedule.prior_tokens=54400", "training.steps=100"]).CreateSchedule();
        Assert.Equal((1.65e-4, 85L), (next.LearningRate(0, 0), next.DecayStart));
    }
}
