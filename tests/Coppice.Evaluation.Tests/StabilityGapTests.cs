namespace Coppice.Evaluation.Tests;

public class StabilityGapTests
{
    private static readonly LossPoint[] Spike = [new(0, 2), new(10, 3), new(20, 2.5), new(40, 2.05), new(80, 1.9)];

    [Fact]
    public void A_spike_has_the_depth_the_recovery_and_the_area_worked_out_by_hand()
    {
        var gap = StabilityGap.Of(Spike, bar: 0.03);
        Assert.Equal((2, 1.9, 0.5, 40), (gap.Start, gap.Final, gap.Depth, gap.RecoveredAt!.Value));
        Assert.Equal(new LossPoint(10, 3), gap.Worst);
        Assert.Equal(1 * 10 + 0.5 * 10 + 0.05 * 20, gap.Area, 12);
        Assert.Equal(80, StabilityGap.Of(Spike, bar: 0).RecoveredAt);
    }

    [Fact]
    public void A_source_that_stays_worse_never_recovers_and_one_that_never_was_has_no_depth()
    {
        Assert.Null(StabilityGap.Of([.. Spike.Take(3)], bar: 0.03).RecoveredAt);
        var better = StabilityGap.Of([new(0, 2), new(10, 1.9)], bar: 0.02);
        Assert.Equal((0, 0, 0), (better.Depth, better.RecoveredAt, better.Area));
    }

    [Fact]
    public void The_average_worst_is_null_without_old_sources_and_never_better_than_the_end()
    {
        Assert.Null(StabilityGap.AverageWorst([]));
        Assert.Equal(1.5, StabilityGap.WorstCase(1.5, []));
        StabilityGap[] old = [StabilityGap.Of(Spike, 0.02), StabilityGap.Of([new(0, 1), new(10, 1)], 0.02)];
        Assert.Equal(2.0, StabilityGap.AverageWorst(old));
        Assert.True(StabilityGap.AverageWorst(old) >= old.Average(gap => gap.Final));
        Assert.Equal(1.5 / 3 + 2.0 * 2 / 3, StabilityGap.WorstCase(1.5, old), 12);
    }

    [Fact]
    public void A_window_of_one_measurement_sees_the_largest_single_rise()
    {
        LossPoint[] series = [new(0, 1), new(1, 1.5), new(2, 2), new(3, 1)];
        Assert.Equal(0.5, StabilityGap.WindowedRise(series, 1));
        Assert.Equal(1.0, StabilityGap.WindowedRise(series, 2));
        Assert.Equal(0.0, StabilityGap.WindowedRise([new(0, 1), new(1, 0.5)], 3));
    }

    [Fact]
    public void A_series_out_of_order_is_refused()
    {
        Assert.Throws<ArgumentException>(() => StabilityGap.Of([], 0.02));
        Assert.Throws<ArgumentException>(() => StabilityGap.Of([new(0, 1), new(0, 1)], 0.02));
        Assert.Throws<ArgumentException>(() => StabilityGap.Of([new(0, 1), new(1, double.NaN)], 0.02));
    }
}
