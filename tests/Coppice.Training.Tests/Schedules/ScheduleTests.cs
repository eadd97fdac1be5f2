using Coppice.Foundation;
using Coppice.Training.Recipes;
using Coppice.Training.Schedules;

namespace Coppice.Training.Tests.Schedules;

public sealed class ScheduleTests
{
    private static readonly ScheduleSettings Settings = new() { PeakLearningRate = 1e-3, FinalLearningRate = 1e-4, Warmup = 100, Total = 2_000, DecayShare = 0.2, Cooldown = 400 };

    public static TheoryData<string> Names => [.. ScheduleRegistry.Names];

    [Theory]
    [MemberData(nameof(Names))]
    public void Every_schedule_warms_up_in_a_straight_line_to_the_peak(string name)
    {
        var schedule = ScheduleRegistry.Create(name, Settings);
        Assert.Equal(1e-3 * 1 / 101, schedule.LearningRate(0, 0), 1e-18);
        Assert.Equal(1e-3 * 51 / 101, schedule.LearningRate(50, 0), 1e-18);
        Assert.Equal(1e-3 * 100 / 101, schedule.LearningRate(99, 0), 1e-18);
        Assert.Equal(1e-3, schedule.LearningRate(100, 0), 1e-18);
    }

    [Theory]
    [MemberData(nameof(Names))]
    public void Every_schedule_begins_at_the_peak_without_warm_up(string name)
    {
        Assert.Equal(1e-3, ScheduleRegistry.Create(name, Settings with { Warmup = 0 }).LearningRate(0, 0), 1e-18);
    }

    [Theory]
    [MemberData(nameof(Names))]
    public void No_schedule_jumps_or_rises_after_the_warm_up(string name)
    {
        var schedule = ScheduleRegistry.Create(name, Settings);
        for (var step = 1; step < 2_100; step++)
        {
            var change = schedule.LearningRate(step, 0) - schedule.LearningRate(step - 1, 0);
            Assert.InRange(Math.Abs(change), 0, 1.0001e-5);
            if (step > 100) Assert.True(change <= 0, $"{name} rises at step {step}");
            else Assert.True(change > 0, $"{name} doesn't rise at step {step}");
        }
    }

    [Theory]
    [MemberData(nameof(Names))]
    public void Counting_tokens_gives_the_same_as_counting_steps_of_a_fixed_size(string name)
    {
        var steps = ScheduleRegistry.Create(name, Settings);
        var tokens = ScheduleRegistry.Create(name, Settings with { Warmup = 100 * 768, Total = 2_000 * 768, Cooldown = 400 * 768, TokensPerStep = 768 });
        foreach (var step in new[] { 0, 1, 99, 100, 101, 1_000, 1_599, 1_601, 1_999, 2_000, 3_000 })
        {
            Assert.Equal(steps.LearningRate(step, -1), tokens.LearningRate(-1, step * 768L), 1e-15);
        }
    }

    [Theory]
    [InlineData("constant", 1_050, 1e-3)]
    [InlineData("constant", 2_000, 1e-3)]
    [InlineData("linear", 575, 7.75e-4)]
    [InlineData("linear", 1_050, 5.5e-4)]
    [InlineData("linear", 2_000, 1e-4)]
    [InlineData("linear", 9_999, 1e-4)]
    [InlineData("cosine", 575, 8.6819805153394637e-4)] // 1e-4 + 9e-4 (1 + cos(pi/4)) / 2
    [InlineData("cosine", 1_050, 5.5e-4)]
    [InlineData("cosine", 2_000, 1e-4)]
    [InlineData("cosine", 9_999, 1e-4)]
    [InlineData("inverse_sqrt", 403, 5e-4)] // 404 is 4 times 101
    [InlineData("inverse_sqrt", 10_099, 1e-4)] // 10,100 is 100 times 101
    [InlineData("wsd", 1_600, 1e-3)]
    [InlineData("wsd", 1_800, 5.5e-4)]
    [InlineData("wsd", 2_000, 1e-4)]
    [InlineData("wsd", 9_999, 1e-4)]
    [InlineData("infinite", 300, 7.5e-4)] // halfway from 1e-3 to 5e-4 on a cosine
    [InlineData("infinite", 1_200, 5e-4)]
    [InlineData("infinite", 1_800, 2.2360679774997898e-4)] // 1e-4 sqrt(5), the geometric mean of 5e-4 and 1e-4
    [InlineData("infinite", 9_999, 1e-4)]
    [InlineData("power", 201, 7.0222243786899863e-4)] // (202 / 101)^-0.51 = 2^-0.51
    [InlineData("power", 9_999, 1e-4)]
    public void Landmarks_have_the_values_that_the_formulas_give(string name, long step, double expected)
    {
        Assert.Equal(expected, ScheduleRegistry.Create(name, Settings).LearningRate(step, 0), 1e-15);
    }

    [Theory]
    [InlineData("linear")]
    [InlineData("cosine")]
    [InlineData("wsd")]
    [InlineData("infinite")]
    [InlineData("power")]
    public void A_run_that_ends_in_its_warm_up_is_no_division_by_zero(string name)
    {
        var schedule = ScheduleRegistry.Create(name, Settings with { Total = 100 });
        Assert.Equal(1e-3 * 100 / 101, schedule.LearningRate(99, 0), 1e-18);
        Assert.Equal(1e-4, schedule.LearningRate(100, 0), 1e-18);
    }

    [Fact]
    public void A_decay_share_of_zero_stays_at_the_peak_to_the_end()
    {
        var schedule = ScheduleRegistry.Create("wsd", Settings with { DecayShare = 0 });
        Assert.Equal(1e-3, schedule.LearningRate(1_999, 0), 1e-18);
    }

    [Fact]
    public void An_unknown_name_is_an_error_with_the_nearest_one()
    {
        var error = Assert.Throws<CoppiceException>(() => ScheduleRegistry.Create("cosin", Settings));
        Assert.Equal(ExitCode.Usage, error.ExitCode);
        Assert.Contains("did you mean 'cosine'", error.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("training: {steps: 2000, batch_size: 12, sequence_length: 64}\nschedule: {warmup_steps: 100, final_learning_rate: 1e-4}")]
    [InlineData("training: {tokens: 1_535_300, batch_size: 12, sequence_length: 64}\nschedule: {warmup_tokens: 76800, final_learning_rate: 1e-4}")]
    [InlineData("training: {steps: 2000, batch_size: 12, sequence_length: 64}\nschedule: {unit: tokens, warmup_steps: 100, final_learning_rate: 1e-4}")]
    [InlineData("training: {tokens: 1536e3, batch_size: 12, sequence_length: 64}\nschedule: {unit: tokens, warmup_tokens: 76800, final_learning_rate: 1e-4}")]
    public void A_recipe_in_steps_or_tokens_gives_the_same_schedule(string yaml)
    {
        var schedule = Recipe.Parse(yaml).CreateSchedule();
        foreach (var step in new[] { 0, 99, 100, 575, 1_050, 2_000 })
        {
            Assert.Equal(ScheduleRegistry.Create("cosine", Settings).LearningRate(step, 0), schedule.LearningRate(step, step * 768L), 1e-15);
        }
    }
}
